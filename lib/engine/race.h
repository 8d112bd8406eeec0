#pragma once

#include <optional>

#include "engine/run.h"

namespace llmgw::engine {

// A second call beside a first that stays silent (docs: "Races"). It runs on a fiber of its own, for
// the next target of the same Run, and ends before the Run goes on.
class Race {
 public:
  explicit Race(Run& run) : event_(run.world_.fibers) {}

  // Watches one call of the request's own fiber: when it is silent for too long and the chain
  // has a next target, that one is started beside it.
  class Watch final : public net::Alarm {
   public:
    Watch(Run& run, size_t link);
    ~Watch() override;
    void fire() override;
    // How long the call may be silent.
    Duration patience() const { return patience_; }

   private:
    Run& run_;
    size_t link_;
    Duration patience_;
  };

 private:
  friend class Run;
  net::Fiber* fiber_ = nullptr;
  net::Event event_;  // notified when the racer has ended
  std::optional<Outcome> answer_;
  bool done_ = false, won_ = false;
};

}  // namespace llmgw::engine
