#pragma once

#include <string>

#include "config/config.h"

namespace llmgw::cmd {

// Where a serve with that config answers on this machine: "http://127.0.0.1:8484". An address for every
// interface is asked on loopback.
std::string local_origin(const config::Server&);

}  // namespace llmgw::cmd
