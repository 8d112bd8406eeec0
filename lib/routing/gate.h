#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "net/fiber.h"

namespace llmgw::routing {

// Bounds how many calls to a provider run at once, over all loops. Beyond it callers queue in
// their order. Free of locks while nobody queues.
class Gate {
 public:
  explicit Gate(int most) : most_(most) {}

  // Waits for a place until `deadline`. Errors: overloaded (none came in time), cancelled.
  Result<void> enter(net::Scheduler&, TimePoint deadline);
  void leave();

  // A place inside, left when it goes.
  class Place {
   public:
    Place() = default;
    explicit Place(Gate* entered) : gate_(entered) {}
    Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Place() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    Gate* gate_ = nullptr;
  };

  int inside() const { return inside_.load(std::memory_order_relaxed); }
  // Calls inside stay, whatever the new bound; who queues comes in where it has room.
  void resize(int most);

 private:
  struct Waiter {
    net::Scheduler* scheduler;
    net::Event event;
    bool admitted = false;  // written on the waiter's loop only
    bool left = false;
  };
  bool try_enter();
  void admit();
  void leave_queue(const std::shared_ptr<Waiter>&);

  std::atomic<int> most_;
  std::atomic<int> inside_{0};
  std::atomic<int> queued_{0};
  std::mutex lock_;  // guards waiting_
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

}  // namespace llmgw::routing
