#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace llmgw::dialects {

// A wire format. The first is what a provider is called in when it offers several.
enum class Dialect : uint8_t {
  openai_chat,
  openai_completions,  // the legacy text completions
  openai_responses,
  openai_embeddings,
  openai_other,        // every other /v1 path: passed through, never translated
  anthropic_messages,  // from here on: a vendor's own
  gemini_generate,
  gemini_embed,
  bedrock_converse,
  bedrock_invoke,
  cohere_chat,
  cohere_embed,
  rerank,  // Cohere's, which others have taken over
  ollama_chat,
  anthropic_count,  // asks how many tokens a request of anthropic_messages has
  gemini_count,
};

// "openai-chat" and so on, as in configs, logs and `request_type`.
std::string_view name(Dialect);
std::optional<Dialect> dialect(std::string_view name);

// The dialect in which the tokens of requests of `d` are counted; none: it has no such call.
constexpr std::optional<Dialect> counting(Dialect d) {
  if (d == Dialect::anthropic_messages) return Dialect::anthropic_count;
  if (d == Dialect::gemini_generate) return Dialect::gemini_count;
  return std::nullopt;
}
// The reverse: whose requests a counting dialect counts, and who therefore speaks it; any other is itself.
constexpr Dialect counted(Dialect d) {
  if (d == Dialect::anthropic_count) return Dialect::anthropic_messages;
  if (d == Dialect::gemini_count) return Dialect::gemini_generate;
  return d;
}

}  // namespace llmgw::dialects
