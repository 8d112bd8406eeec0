#include "dialects/input_text.h"

#include "base/json.h"

namespace llmgw::dialects {
namespace {

enum class Match { no, yes, unknown };

// Where the text begins behind `{"input":"`, blanks between the tokens allowed.
Match match_head(std::string_view bytes, size_t& begin) {
  size_t at = 0;
  for (const std::string_view token : {"{", "\"input\"", ":", "\""}) {
    while (at < bytes.size() && std::string_view(" \t\r\n").find(bytes[at]) != std::string_view::npos) ++at;
    const auto rest = bytes.substr(at, token.size());
    if (!token.starts_with(rest)) return Match::no;
    if (rest.size() < token.size()) return Match::unknown;
    at += token.size();
  }
  begin = at;
  return Match::yes;
}

// How many bytes of `bytes`, which stand in a JSON string, are whole: an escape at the end may go on, and so
// may the first half of a surrogate pair.
size_t whole_size(std::string_view bytes, bool& closed) {
  constexpr size_t kEscape = 6;  // \uXXXX
  size_t at = 0;
  while (at < bytes.size()) {
    if (bytes[at] == '"') {
      closed = true;
      return at;
    }
    if (bytes[at] != '\\') {
      ++at;
      continue;
    }
    if (at + 1 >= bytes.size()) return at;
    if (bytes[at + 1] != 'u') {
      at += 2;
      continue;
    }
    if (at + kEscape > bytes.size()) return at;
    const char third = bytes[at + 2], fourth = bytes[at + 3];
    const bool high =
        (third == 'd' || third == 'D') && std::string_view("89aAbB").find(fourth) != std::string_view::npos;
    if (high && at + 2 * kEscape > bytes.size()) return at;
    at += high ? 2 * kEscape : kEscape;
  }
  return at;
}

}  // namespace

std::string InputText::feed(std::string_view piece) {
  held_ += piece;
  if (state_ == State::head) {
    size_t begin = 0;
    const Match match = match_head(held_, begin);
    if (match == Match::no) state_ = State::other;
    if (match == Match::yes) {
      state_ = State::text;
      held_.erase(0, begin);
    }
  }
  return state_ == State::text ? take_text() : std::string();
}

std::string InputText::take_text() {
  bool closed = false;
  const size_t size = whole_size(held_, closed);
  const std::string text = "[\"" + held_.substr(0, size) + "\"]";
  const auto doc = json::Doc::parse(text, {.allow_lone_surrogates = true});
  if (!doc) {  // a control character, say: models write them
    state_ = closed ? State::done : State::text;
    std::string raw = held_.substr(0, size);
    held_.erase(0, size);
    return raw;
  }
  held_.erase(0, size);
  if (closed) state_ = State::done;
  return doc->root().at(0).text();
}

std::string InputText::finish() {
  std::string rest;
  if (state_ == State::other) {
    const auto doc = json::Doc::parse(held_, {.allow_lone_surrogates = true});
    const auto input = doc ? doc->root()["input"] : json::Value();
    rest = input.is(json::Kind::string) ? input.text() : held_;
    if (rest == "{}") rest.clear();
  }
  held_.clear();
  state_ = State::done;
  return rest;
}

}  // namespace llmgw::dialects
