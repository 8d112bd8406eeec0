#pragma once

#include <string>

namespace llmgw::cmd {

// `llmgw keys spend`: the config's budgets and what is spent and reserved of each. Returns an Exit.
int keys_spend(const std::string& config, bool json);

}  // namespace llmgw::cmd
