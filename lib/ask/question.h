#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace llmgw::ask {

// What is asked: a chat completion's request before it is JSON.
struct Question {
  std::string model;                                         // target, route, alias or bare name
  std::vector<std::string> fallbacks;                        // as many -F; empty: the config's
  std::vector<std::string> messages;                         // each a JSON object
  std::vector<std::pair<std::string, std::string>> options;  // -o KEY=VALUE
  std::string response_format;                               // JSON; empty: none
  bool stream = false;
};

// {"role": role, "content": text}
std::string text_message(std::string_view role, std::string_view text);
// The same with parts: each a JSON object (ask/attachment.h).
std::string parts_message(std::string_view role, const std::vector<std::string>& parts);

// "KEY=VALUE" cut at its first '='. Errors: bad_request.
Result<std::pair<std::string, std::string>> parse_option(const std::string& text);

// The request's body. An option's VALUE is JSON if it parses, else a string; a KEY with dots goes into
// objects. Errors: bad_request for an option that cannot be set so.
Result<std::string> request_body(const Question&);

// `response_format` for a schema, in the form of OpenAI's structured outputs; `strict` where the schema
// allows it.
std::string schema_format(std::string_view name, std::string_view schema, bool strict);

}  // namespace llmgw::ask
