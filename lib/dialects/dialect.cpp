#include "dialects/dialect.h"

#include <array>

namespace llmgw::dialects {
namespace {

// In the order of Dialect.
constexpr std::array<std::string_view, 16> kNames = {
    "openai-chat",      "openai-completions", "openai-responses", "openai-embeddings",
    "openai-other",     "anthropic-messages", "gemini-generate",  "gemini-embed",
    "bedrock-converse", "bedrock-invoke",     "cohere-chat",      "cohere-embed",
    "rerank",           "ollama-chat",        "anthropic-count",  "gemini-count"};

}  // namespace

std::string_view name(Dialect d) {
  return kNames[static_cast<size_t>(d)];
}

std::optional<Dialect> dialect(std::string_view wanted) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == wanted) return static_cast<Dialect>(i);
  }
  return std::nullopt;
}

}  // namespace llmgw::dialects
