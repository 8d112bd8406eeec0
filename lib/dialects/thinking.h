#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace llmgw::dialects {

// Tokens of thought for OpenAI's words of effort, and back. The figures are Gemini's own, from its table for
// OpenAI's clients (https://ai.google.dev/gemini-api/docs/openai, "Thinking"); beyond it they are doubled.
// 0 for "none"; a word that is not known counts as "medium".
int64_t budget_of(std::string_view effort);
std::string_view effort_of(int64_t budget);

}  // namespace llmgw::dialects
