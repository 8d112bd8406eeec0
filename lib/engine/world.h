#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/random.h"
#include "net/fiber.h"
#include "net/transport.h"
#include "observe/record.h"
#include "plugins/plugin.h"
#include "routing/topology.h"
#include "store/rests.h"

namespace llmgw::engine {

// What the engine takes from outside: serve and ask give it a loop, sockets and the rests in
// data_dir; the simulator gives it virtual time, modelled upstreams and rests in memory.
// Nothing else differs. One World a thread; `rests` and `state` are shared by all of a process.
struct World {
  net::Fibers& fibers;  // also the clock
  Random& random;
  net::Transport& transport;
  store::Rests& rests;
  routing::State& state;
  const std::vector<std::unique_ptr<plugins::Plugin>>& plugins;
  // A provider gave out these ids of objects; later calls that name one go to that provider and key.
  // Told before the client learns of them. Must not suspend; may be empty.
  std::function<void(std::span<const std::string> ids, const std::string& provider, const std::string& key)>
      gave_out{};
  // Whether providers may be asked for their models when a request names one that nobody is known to have.
  bool lists_models = false;
  // What is known of a request when it has ended. Must not suspend.
  std::function<void(observe::RequestRecord&&)> ended;
};

}  // namespace llmgw::engine
