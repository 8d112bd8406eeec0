#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "providers/provider.h"

// What a provider itself says of its models: GET /models, in the shape of its own dialect. Sources:
// platform.openai.com/docs/api-reference/models/list, docs.anthropic.com/en/api/models-list,
// ai.google.dev/api/models#method:-models.list. Ollama lists its models in OpenAI's shape, too
// (docs.ollama.com/api/openai-compatibility).
namespace llmgw::providers {

// In which dialect that provider is asked for its models; none: it has no such list, or none of what can be
// called (Azure's deployments, Bedrock's and Vertex's regions), or wants a credential that we have not.
std::optional<Dialect> listing_dialect(const Provider&);

struct ModelPage {
  std::vector<std::string> models;  // as a request names them
  std::string next;                 // where the next page begins; empty: this is the last
};

// The path of one page; `next` is what the page before said, empty for the first.
std::string listing_path(const Provider&, Dialect, std::string_view next);
// Errors: invalid_response.
Result<ModelPage> read_model_page(Dialect, std::string_view body);

}  // namespace llmgw::providers
