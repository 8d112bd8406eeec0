#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace llmgw::providers {

// Reads an environment variable; none when it is not set.
using Getenv = std::function<std::optional<std::string>(std::string_view)>;

// The config of a machine without a config file: a provider for each hosted kind whose key is in the
// environment (the key named after its variable), the mock, and `fallbacks = "auto"`. An empty or blank
// variable counts as not set. Kinds that need more than a key (Azure's endpoint, Bedrock's region, Vertex's
// project) come only when that is in the environment too.
config::Config discover(const Getenv& getenv);

// A local server to look for. The caller connects and asks GET `path`; what answers 200 with a model list is
// it.
struct Probe {
  std::string name, kind;  // of the provider to add
  std::string host;
  int port = 0;
  std::string path;  // "/v1/models"

  config::Provider provider() const;
};

// The servers that people run, at their default ports; OLLAMA_HOST is heeded. None for a kind that `config`
// has.
std::vector<Probe> local_probes(const Getenv& getenv, const config::Config& config);

}  // namespace llmgw::providers
