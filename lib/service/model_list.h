#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "routing/topology.h"

namespace llmgw::service {

// The models that can be asked for: routes, aliases, and those of each provider as "provider/model". In the
// shape that the SDK of `dialect` reads: OpenAI's (platform.openai.com/docs/api-reference/models),
// Anthropic's (docs.anthropic.com/en/api/models-list) or Gemini's (ai.google.dev/api/models). Of providers,
// those that `key` may use; nullptr: all.
std::string model_list(const routing::Topology&, dialects::Dialect, const config::VirtualKey* key);
// One of them by its name; none when nothing of that name would be served.
std::optional<std::string> model_entry(const routing::Topology&, dialects::Dialect, std::string_view id,
                                       const config::VirtualKey* key);

}  // namespace llmgw::service
