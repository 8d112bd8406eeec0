#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace llmgw::config {

// Something wrong with a config. An error refuses the file; a warning does not.
struct Problem {
  Position at = {};  // line 0: the file as a whole
  bool warning = false;
  std::string message;  // begins with the path of the value: "server.listen: expected ..."
};

bool any_error(const std::vector<Problem>& problems);

// "llmgw.toml:3:10: server.listen: expected ..."; a warning says so behind the position.
std::string format(const Problem& problem, std::string_view path);

}  // namespace llmgw::config
