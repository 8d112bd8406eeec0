#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/config.h"
#include "config/environment.h"
#include "config/problem.h"

namespace llmgw::config {

// What the loader must know of a row of the provider catalog.
struct Kind {
  std::string name;     // "openai"
  std::string needs;    // the key such a provider can't do without: "base_url", "endpoint"; empty: none
  std::string key_env;  // where its key usually is: "OPENAI_API_KEY"; empty: it works without
  std::string identity_env = {};  // a variable by whose presence it works without, too; empty: none
};

// What layers above the config know.
struct Known {
  std::vector<Kind> kinds;
  // Whether a bare model name is one of the catalog's. Absent: a bare name that looks like a
  // misspelt route is not warned of.
  std::function<bool(std::string_view model)> model;
};

enum class Secrets : uint8_t {
  required,  // resolved; what is missing is a problem
  optional,  // only their form is checked; what is at hand is resolved (check, explain, test-failover)
};

struct Options {
  Secrets secrets = Secrets::required;
  bool insecure = false;       // --insecure: `listen` off loopback without tls and virtual keys
  bool refuse_unbuilt = true;  // see unbuilt.cpp
};

struct Loaded {
  std::shared_ptr<const Config> config;  // null when a problem is an error
  std::vector<Problem> problems;         // all of them, in the file's order
  std::vector<std::string> files;        // every file it depends on: itself, secrets, certificates
  WallTime read_at{};                    // of a file: when its reading began
};

// Reads a whole config. `path` is what messages, relative paths and Config::path take.
// Never throws; any bytes are safe.
Loaded load(std::string_view text, const std::string& path, const Environment&, const Known&,
            const Options& = {});

// The same from a file.
Loaded load_file(const std::string& path, const Environment&, const Known&, const Options& = {});

}  // namespace llmgw::config
