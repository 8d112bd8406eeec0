#include "simulate/mock/answer.h"

#include <algorithm>

#include "base/json_writer.h"
#include "simulate/mock/schema.h"

namespace llmgw::simulate {
namespace {

// Filler in which every four bytes are new for a while, so that a lost or doubled piece shows.
std::string lorem(size_t bytes) {
  static constexpr std::string_view kText =
      "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore "
      "et "
      "dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut "
      "aliquip ex "
      "ea commodo consequat. ";
  std::string out;
  out.reserve(bytes);
  while (out.size() < bytes) out.append(kText.substr(0, bytes - out.size()));
  return out;
}

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

Answer::Answer(const Behaviour& behaviour, const Prompt& prompt) {
  using Says = Behaviour::Says;
  size_t piece = 4;
  switch (behaviour.says) {
    case Says::refuse:
      kind_ = Kind::refusal;
      text_ = "I'm sorry, but I can't help with that.";
      break;
    case Says::lorem: text_ = lorem(static_cast<size_t>(behaviour.tokens) * 4); break;
    case Says::fixed:
      text_ = lorem(static_cast<size_t>(behaviour.tokens));
      piece = 1024;
      break;
    case Says::tool:
      if (prompt.tool_result) {
        text_ = "The tool said: " + *prompt.tool_result;
      } else if (prompt.tool_name.empty()) {
        text_ = "No tool was offered.";
      } else {
        kind_ = Kind::tool;
        text_ = instance_of(prompt.tool_schema);
      }
      break;
    case Says::json:
    case Says::echo:
      if (prompt.schema) {
        text_ = instance_of(*prompt.schema);
      } else if (prompt.json || behaviour.says == Says::json) {
        text_ = "{\"answer\":" + json::quoted(prompt.last_user_text) + "}";
      } else {
        text_ = prompt.last_user_text.empty() ? "(no user text)" : prompt.last_user_text;
      }
      break;
  }
  if (prompt.max_tokens && kind_ == Kind::text &&
      static_cast<int64_t>(text_.size()) > *prompt.max_tokens * 4) {
    size_t end = static_cast<size_t>(*prompt.max_tokens) * 4;
    while (end > 0 && continues(text_[end])) --end;
    text_.resize(end);
    limited_ = true;
  }
  cut(piece);
}

void Answer::cut(size_t piece_bytes) {
  ends_.reserve(text_.size() / piece_bytes + 1);
  for (size_t at = 0; at < text_.size();) {
    at = std::min(at + piece_bytes, text_.size());
    while (at < text_.size() && continues(text_[at])) ++at;
    ends_.push_back(static_cast<uint32_t>(at));
  }
}

}  // namespace llmgw::simulate
