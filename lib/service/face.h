#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialects/dialect.h"

namespace llmgw::service {

// What a request's path says: the dialect it speaks and its path below the dialect's root.
struct Face {
  enum class Call : uint8_t { serve, models, count_tokens };

  dialects::Dialect dialect = dialects::Dialect::openai_other;
  Call call = Call::serve;
  std::string path;   // "/chat/completions", percent-decoding left to the dialect
  std::string model;  // named by the path: Azure's deployments, Gemini, Bedrock; models: the one asked for
  std::optional<bool> stream;  // where the path says it
};

// Finds the face of a path (docs: "HTTP"): OpenAI's under /v1, /openai, /litellm, /langchain and
// /pydanticai, with or without /v1 behind a prefix, and Azure's /openai/deployments/D; Anthropic's under
// /anthropic and at /v1/messages, Gemini's under /genai, Bedrock's under /bedrock, Cohere's under /cohere and
// at /v2, Ollama's under /ollama; each also behind the prefixes of the frameworks. None: the path is
// nobody's.
std::optional<Face> find_face(std::string_view path);

}  // namespace llmgw::service
