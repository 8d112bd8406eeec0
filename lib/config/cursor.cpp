#include "config/cursor.h"

#include "base/nearest.h"
#include "base/text.h"

namespace llmgw::config {
namespace {

bool bare(std::string_view key) {
  for (char c : key) {
    const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
    if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') return false;
  }
  return !key.empty();
}

std::string with_path(std::string_view where, std::string_view message) {
  return where.empty() ? std::string(message) : std::string(where) + ": " + std::string(message);
}

}  // namespace

void Session::error(Position at, std::string_view where, std::string_view message) {
  problems.push_back({.at = at, .warning = false, .message = with_path(where, message)});
}

void Session::warning(Position at, std::string_view where, std::string_view message) {
  problems.push_back({.at = at, .warning = true, .message = with_path(where, message)});
}

Position Session::position(const std::string& where) const {
  const auto found = positions.find(where);
  return found == positions.end() ? Position{} : found->second;
}

Cursor::Cursor(const Node& node, std::string path, Session& session)
    : node_(&node), path_(std::move(path)), session_(&session) {
  session_->positions.emplace(path_, node.at);
}

Cursor Cursor::item(size_t i) const {
  return {node_->items[i], join(path_, i), *session_};
}

Cursor Cursor::member(const Node::Member& m) const {
  return {m.value, join(path_, m.key), *session_};
}

void Cursor::expected(std::string_view what) const {
  wrong("expected " + std::string(what) + ", found " + std::string(name(node_->kind)));
}

void Cursor::expected_form(std::string_view what) const {
  if (node_->kind != Node::Kind::string) return expected(what);
  wrong("expected " + std::string(what) + ", found \"" + shortened(node_->text, 40) + '"');
}

const std::string* Cursor::string(std::string_view what) const {
  if (node_->kind == Node::Kind::string) return &node_->text;
  expected(what);
  return nullptr;
}

std::string join(std::string_view path, std::string_view key) {
  std::string out(path);
  if (!out.empty()) out += '.';
  if (bare(key)) return out += key;
  return out += '"' + shortened(key, 80) + '"';
}

std::string join(std::string_view path, size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto near = nearest(word, candidates);
  return near.empty() ? "" : "; did you mean '" + std::string(near) + "'?";
}

}  // namespace llmgw::config
