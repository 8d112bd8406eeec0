#pragma once

#include <vector>

#include "providers/discover.h"

namespace llmgw::service {

// Those of `probes` behind which a server answers with a list of models, which is kept with the provider;
// asked side by side; takes at most
// `patience`. Runs a loop of its own on the calling thread.
std::vector<config::Provider> find_local_servers(const std::vector<providers::Probe>& probes,
                                                 Duration patience);

}  // namespace llmgw::service
