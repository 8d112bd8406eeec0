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
};

// "openai-chat" and so on, as in configs, logs and `request_type`.
std::string_view name(Dialect);
std::optional<Dialect> dialect(std::string_view name);

}  // namespace llmgw::dialects
