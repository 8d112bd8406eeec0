#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialects/dialect.h"

namespace llmgw::service {

// What a request's path says: the dialect it speaks and its path below the dialect's root.
struct Face {
  dialects::Dialect dialect = dialects::Dialect::openai_other;
  std::string path;        // "/chat/completions", percent-decoding left to the dialect
  std::string deployment;  // Azure clients: the model by its deployment
};

// Finds the face of a path (docs: "HTTP"): OpenAI's under /v1, /openai, /litellm, /langchain and
// /pydanticai, with or without /v1 behind a prefix, and Azure's /openai/deployments/D. None: the
// path is nobody's.
std::optional<Face> find_face(std::string_view path);

// A path of a dialect that this build has no face for yet; its name, or empty.
std::string_view unbuilt_face(std::string_view path);

}  // namespace llmgw::service
