#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "routing/topology.h"

namespace llmgw::service {

// `GET /v1/models` (https://platform.openai.com/docs/api-reference/models/list): routes, aliases, and the
// models of each provider as "provider/model".
std::string model_list(const routing::Topology&);
// `GET /v1/models/ID`; none when nothing of that name would be served.
std::optional<std::string> model_entry(const routing::Topology&, std::string_view id);

}  // namespace llmgw::service
