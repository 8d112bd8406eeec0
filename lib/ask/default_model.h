#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/load.h"
#include "routing/topology.h"

namespace llmgw::ask {

// The everyday chat model of a kind of provider; empty: none was chosen for it.
std::string_view everyday_model(std::string_view kind);

// What is asked when nobody named a model: the everyday chat model of the first provider that has a key, or
// needs none; never the mock. Of a local server the first that it lists. None: there is no such provider.
std::optional<std::string> default_model(const routing::Topology&);

// The variables of which one makes a provider: "OPENAI_API_KEY, ANTHROPIC_API_KEY, …".
std::string key_variables(const config::Known&);

}  // namespace llmgw::ask
