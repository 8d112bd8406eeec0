#include "routing/token_scale.h"

#include <algorithm>

namespace llmgw::routing {

bool TokenScale::wants_sample() {
  const uint32_t call = calls_.fetch_add(1, std::memory_order_relaxed);
  return call < kFirst || call % kEach == 0;
}

void TokenScale::learn(int64_t estimated, int64_t counted) {
  if (estimated <= 0 || counted <= 0) return;
  const double seen =
      std::clamp(static_cast<double>(counted) / static_cast<double>(estimated), 1 / kMost, kMost);
  const uint32_t before = samples_.fetch_add(1, std::memory_order_relaxed);
  const double known = factor_.load(std::memory_order_relaxed);
  const double weight = std::max(kWeight, 1.0 / (before + 1));  // the first few are a mean
  factor_.store(known + weight * (seen - known), std::memory_order_relaxed);
}

double TokenScale::factor() const {
  return samples_.load(std::memory_order_relaxed) < kEnough ? 1 : factor_.load(std::memory_order_relaxed);
}

}  // namespace llmgw::routing
