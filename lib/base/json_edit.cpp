#include "base/json_edit.h"

#include <algorithm>
#include <optional>

#include "base/json_writer.h"

namespace llmgw::json {

std::string Edit::apply() const {
  const std::string_view text = object_.raw();
  const size_t base = object_.offset();
  std::string out;
  size_t growth = 0;
  for (const auto& change : changes_)
    growth += change.json.size() + change.key.size() + change.renamed.size() + 8;
  out.reserve(text.size() + growth);

  std::vector<bool> seen(changes_.size());
  size_t copied = 0;      // of text
  size_t last_kept = 0;   // where the latest kept member's value ends; 0: none yet
  bool dropping = false;  // the members before this one were removed, and none is kept yet
  for (auto [name, value] : object_.members()) {
    const size_t begin = name.offset() - base, end = value.offset() - base + value.raw().size();
    const Change* change = nullptr;
    for (size_t i = 0; i < changes_.size() && change == nullptr; ++i) {
      if (name.says(changes_[i].key)) change = &changes_[i], seen[i] = true;
    }
    if (dropping) copied = begin;  // what stood before the first kept member, its comma too
    if (change != nullptr && change->removed) {
      if (last_kept != 0) {
        out.append(text, copied, last_kept - copied);
      } else if (!dropping) {
        out.append(text, copied, begin - copied);
        dropping = true;
      }
      copied = end;
      if (last_kept != 0) last_kept = end;
      continue;
    }
    dropping = false;
    if (change != nullptr) {
      if (!change->renamed.empty()) {
        out.append(text, copied, begin - copied);
        append_quoted(out, change->renamed);
        copied = begin + name.raw().size();
      } else {
        out.append(text, copied, value.offset() - base - copied);
        out += change->json;
        copied = end;
      }
    }
    last_kept = end;
  }
  const size_t close = text.size() - 1;
  bool any = last_kept != 0;
  size_t tail = any ? last_kept : close;
  if (any && tail > copied) {
    out.append(text, copied, tail - copied);
    copied = tail;
  } else if (dropping) {
    copied = close;
  } else if (!any) {
    out.append(text, copied, close - copied);
    copied = close;
  }
  for (size_t i = 0; i < changes_.size(); ++i) {
    const auto& change = changes_[i];
    if (seen[i] || change.removed || !change.renamed.empty()) continue;
    if (any) out += ',';
    any = true;
    append_quoted(out, change.key);
    out += ':';
    out += change.json;
  }
  out.append(text, copied);
  return out;
}

namespace {

// `object` without its members of that name; nothing when it has none.
std::optional<std::string> without(std::string_view object, std::string_view key) {
  if (object.find("\"" + std::string(key) + "\"") == std::string_view::npos) return std::nullopt;
  const auto doc = Doc::parse(object, {.allow_lone_surrogates = true});
  if (!doc || !doc->root()[key]) return std::nullopt;
  Edit edit(doc->root());
  edit.remove(key);
  return edit.apply();
}

}  // namespace

std::string with_last_member(std::string_view object, std::string_view key, std::string_view json) {
  const auto rest = without(object, key);
  if (rest) object = *rest;
  const size_t close = object.rfind('}');
  size_t last = close;
  while (last > 0 && (object[last - 1] == ' ' || object[last - 1] == '\n' || object[last - 1] == '\r' ||
                      object[last - 1] == '\t'))
    --last;
  std::string out;
  out.reserve(object.size() + key.size() + json.size() + 8);
  out.append(object, 0, last);
  if (object[last - 1] != '{') out += ',';
  append_quoted(out, key);
  out += ':';
  out += json;
  out.append(object, last);
  return out;
}

}  // namespace llmgw::json
