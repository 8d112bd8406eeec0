#pragma once

#include <atomic>

#include "base/time.h"

namespace llmgw::routing {

// Bounds what failing upstreams get on top of the clients' own rate: each request deposits
// `ratio` of a call, 10 calls a second come by themselves, at most ten seconds' worth of those
// are kept. Thread-safe, lock-free.
class RetryBudget {
 public:
  explicit RetryBudget(double ratio) : ratio_(ratio) {}

  void deposit() { add(ratio_.load(std::memory_order_relaxed)); }
  void set_ratio(double ratio) { ratio_.store(ratio, std::memory_order_relaxed); }
  // Takes one call; false when none is left.
  bool withdraw(TimePoint now);

 private:
  static constexpr double kPerSecond = 10, kMost = 100;
  void add(double calls);
  std::atomic<double> ratio_;
  std::atomic<double> left_{kPerSecond};
  std::atomic<int64_t> filled_at_{0};
};

}  // namespace llmgw::routing
