#include "routing/retry_budget.h"

#include <algorithm>

namespace llmgw::routing {

void RetryBudget::add(double calls) {
  double left = left_.load(std::memory_order_relaxed);
  while (!left_.compare_exchange_weak(left, std::min(kMost, left + calls), std::memory_order_relaxed)) {
  }
}

bool RetryBudget::withdraw(TimePoint now) {
  const int64_t at = now.time_since_epoch().count();
  int64_t filled = filled_at_.load(std::memory_order_relaxed);
  if (filled == 0) {
    filled_at_.compare_exchange_strong(filled, at, std::memory_order_relaxed);
  } else if (at > filled && filled_at_.compare_exchange_strong(filled, at, std::memory_order_relaxed)) {
    add(kPerSecond * to_seconds(Duration(at - filled)));
  }
  double left = left_.load(std::memory_order_relaxed);
  do {
    if (left < 1) return false;
  } while (!left_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed));
  return true;
}

}  // namespace llmgw::routing
