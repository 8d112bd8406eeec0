#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace llmgw::simulate {

// What the mock reads out of a request, whatever its dialect.
struct Prompt {
  std::string model;
  bool stream = false;
  std::string last_user_text;
  std::optional<std::string> tool_result;  // the last message is one: what it says
  int64_t text_bytes = 0;                  // of all messages, tools and instructions
  int choices = 1;
  std::optional<int64_t> max_tokens;
  std::optional<std::string> schema;   // the JSON schema of the answer, as it came
  bool json = false;                   // some JSON object is asked for, without a schema
  std::string tool_name, tool_schema;  // of the first tool offered; empty: none
  bool logprobs = false;
  int top_logprobs = 0;
  bool wants_usage = false;  // stream_options.include_usage

  int64_t tokens() const { return (text_bytes + 3) / 4; }
};

// Adds the text of a message's content: a string, or parts with a `text`. Gives it, too.
inline std::string read_content(json::Value content, Prompt& prompt) {
  std::string text;
  if (content.is(json::Kind::string)) {
    text = content.text();
  } else {
    for (auto [_, part] : content.elements()) {
      if (part.is(json::Kind::string)) text += part.text();
      if (const auto piece = part["text"].string()) text += (text.empty() ? "" : "\n") + *piece;
    }
  }
  prompt.text_bytes += static_cast<int64_t>(text.size());
  return text;
}

}  // namespace llmgw::simulate
