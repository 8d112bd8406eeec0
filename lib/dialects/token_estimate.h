#pragma once

#include "dialects/conversation.h"

// How many tokens a text is, without a tokenizer. Fitted to OpenAI's o200k, whose counts it meets within 15 %
// on English, German, Chinese, code and JSON (docs/token-estimate.md has the figures); other vendors' differ
// from that one by more than this does. Never negative, never more than a token a byte.
namespace llmgw::dialects {

int64_t estimate_tokens(std::string_view text);

// Of a request: its text, its tools, its media by rule of thumb, and what each message costs around it.
int64_t estimate_tokens(const Conversation& conversation);

// Of every text in a request's body, whatever its dialect; media are left out.
int64_t estimate_tokens(json::Value body);

}  // namespace llmgw::dialects
