#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/live.h"
#include "observe/log.h"

namespace llmgw::cmd {

// Finds and reads the config as the docs say: -c, $LLMGW_CONFIG, ./llmgw.toml, the user's; else one
// made of the environment's keys. Calling the result reads the same source again.
config::Live::Loader config_loader(const std::string& flag, config::Options, const std::string& listen);

// Prints what is wrong with a config on stderr; whether it can be used.
bool report_problems(const config::Loaded&);

// The config for a command that only reads (logs, stats, explain, keys): no secret need be at hand. Null
// after its problems were printed.
std::shared_ptr<const config::Config> load_for_reading(const std::string& flag);

observe::Log::Options log_options(const config::Config&, const std::string& level_flag);

}  // namespace llmgw::cmd
