#pragma once

#include "dialects/translation.h"

namespace llmgw::dialects {

// Chat completions' request to and from the canonical form
// (https://platform.openai.com/docs/api-reference/chat/create).
Result<Conversation> read_chat_request(json::Value body);
std::string write_chat_request(const Conversation&, const Writing&, Warnings&);

// What Responses shares: a function's definition below its `function`, or right in the tool.
Result<Tool> read_openai_function(json::Value function, const std::string& path);

}  // namespace llmgw::dialects
