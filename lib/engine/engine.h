#pragma once

#include <memory>

#include "engine/world.h"
#include "net/http_server.h"

namespace llmgw::engine {

// The one attempt loop: serve, ask and test-failover all run it. One a thread; each request on
// a fiber of its own.
class Engine {
 public:
  explicit Engine(World world) : world_(std::move(world)) {}

  // Answers `request` through `writer`: with the first success of its chain, else with the primary's
  // error. Returns when the last byte is written, or nobody waits for it any more.
  void run(dialects::Request& request, std::shared_ptr<const routing::Topology>,
           net::ResponseWriter& writer) const;

  const World& world() const { return world_; }

 private:
  World world_;
};

}  // namespace llmgw::engine
