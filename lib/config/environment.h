#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"

namespace llmgw::config {

// What a config takes from the machine, from outside so that tests give their own.
struct Environment {
  // A variable's value; none when it is not set. An empty one counts as not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  // A file's bytes, at most 4 MiB; the error says why not ("no such file").
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::function<bool(const std::string& path)> exists;
  // Whether everybody on the machine may read the file.
  std::function<bool(const std::string& path)> others_can_read;
};

// The process's own. $HOME falls back to the user database.
Environment system_environment();

}  // namespace llmgw::config
