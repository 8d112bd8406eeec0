#pragma once

#include <string>

#include "config/config.h"

namespace llmgw::config {

// The whole config as JSON, defaults included, in the shape of the TOML. Secrets and header
// values are "***". For `check --json` and GET /api/config.
std::string describe(const Config&);

}  // namespace llmgw::config
