#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load.h"

namespace llmgw::providers {

// The config of a machine without a config file: a provider for each hosted kind whose key is in the
// environment (the key named after its variable), the mock, and `fallbacks = "auto"`. An empty or blank
// variable counts as not set. Kinds that need more than a key (Azure's endpoint, Bedrock's region, Vertex's
// project) come only when that is in the environment too.
// `data_dir` is empty when there is no home.
std::shared_ptr<config::Config> config_from_environment(const config::Environment& environment);

// What the config loader must know of the catalog.
config::Known known_kinds();

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
std::vector<Probe> local_probes(const config::Environment& environment, const config::Config& config);

}  // namespace llmgw::providers
