#pragma once

#include "dialects/codec.h"

namespace llmgw::dialects {

// The calls that count a request's tokens without running it: /v1/messages/count_tokens
// (https://docs.anthropic.com/en/api/messages-count-tokens) and :countTokens
// (https://ai.google.dev/api/tokens). Requests and errors are those of the dialect that is counted; the reply
// is one number. Null where that dialect is not built.
const Codec* anthropic_count();
const Codec* gemini_count();

// The reply that says `tokens` in a counting dialect.
std::string token_count_body(Dialect counting, int64_t tokens);

}  // namespace llmgw::dialects
