#pragma once

#include <string>

namespace CLI {
class App;
}

namespace llmgw::cmd {

// A script that completes commands, flags and files for `shell`: "bash", "zsh" or "fish".
std::string completion(const CLI::App& app, const std::string& shell);

}  // namespace llmgw::cmd
