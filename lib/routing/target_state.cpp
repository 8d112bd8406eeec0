#include "routing/target_state.h"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace llmgw::routing {
namespace {

constexpr double kGrowth = 1.2;

int64_t ticks(TimePoint t) {
  return t.time_since_epoch().count();
}

}  // namespace

void LatencyWindow::add(Duration took) {
  const double ms = std::max(1.0, static_cast<double>(took.count()) / 1e6);
  const auto bucket = std::min<size_t>(kBuckets - 1, static_cast<size_t>(std::log(ms) / std::log(kGrowth)));
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  if (total_.fetch_add(1, std::memory_order_relaxed) + 1 < kHalveAt) return;
  uint32_t left = 0;
  for (auto& count : counts_) {
    const uint32_t half = count.load(std::memory_order_relaxed) / 2;
    count.store(half, std::memory_order_relaxed);
    left += half;
  }
  total_.store(left, std::memory_order_relaxed);
}

std::optional<Duration> LatencyWindow::quantile(double p) const {
  uint32_t total = 0;
  std::array<uint32_t, kBuckets> counts;
  for (size_t i = 0; i < kBuckets; ++i) total += counts[i] = counts_[i].load(std::memory_order_relaxed);
  if (total < kEnough) return std::nullopt;
  auto left = static_cast<int64_t>(p * total);
  for (size_t i = 0; i < kBuckets; ++i) {
    left -= counts[i];
    if (left < 0) return Duration(static_cast<int64_t>(std::pow(kGrowth, static_cast<double>(i + 1)) * 1e6));
  }
  return Duration(static_cast<int64_t>(std::pow(kGrowth, kBuckets) * 1e6));
}

void TargetState::turn(TimePoint now) {
  int64_t began = windows_[0].began.load(std::memory_order_relaxed);
  const int64_t age = ticks(now) - began;
  if (began != 0 && age < kWindow.count()) return;
  // One thread turns the page; a count that slips between the two pages is no harm.
  if (!windows_[0].began.compare_exchange_strong(began, ticks(now), std::memory_order_relaxed)) return;
  const bool stale = began == 0 || age >= 2 * kWindow.count();
  windows_[1].ok.store(stale ? 0 : windows_[0].ok.load(std::memory_order_relaxed), std::memory_order_relaxed);
  windows_[1].failed.store(stale ? 0 : windows_[0].failed.load(std::memory_order_relaxed),
                           std::memory_order_relaxed);
  windows_[0].ok.store(0, std::memory_order_relaxed);
  windows_[0].failed.store(0, std::memory_order_relaxed);
}

void TargetState::report(bool answered, TimePoint now) {
  turn(now);
  if (answered) {
    windows_[0].ok.fetch_add(1, std::memory_order_relaxed);
    first_unanswered_.store(0, std::memory_order_relaxed);
  } else {
    windows_[0].failed.fetch_add(1, std::memory_order_relaxed);
    int64_t none = 0;
    first_unanswered_.compare_exchange_strong(none, ticks(now), std::memory_order_relaxed);
  }
}

bool TargetState::failing(TimePoint now) const {
  const int64_t age = ticks(now) - windows_[0].began.load(std::memory_order_relaxed);
  if (age >= 2 * kWindow.count()) return false;
  uint32_t ok = windows_[0].ok.load(std::memory_order_relaxed),
           failed = windows_[0].failed.load(std::memory_order_relaxed);
  ok += windows_[1].ok.load(std::memory_order_relaxed);
  failed += windows_[1].failed.load(std::memory_order_relaxed);
  return failed >= 5 && failed > ok;
}

bool TargetState::silent_for(Duration d, TimePoint now) const {
  const int64_t since = first_unanswered_.load(std::memory_order_relaxed);
  return since != 0 && ticks(now) - since >= d.count();
}

Duration TargetState::slow_after(bool stream) const {
  const auto p95 = (stream ? to_first_ : to_whole_).quantile(0.95);
  if (stream) return p95 ? std::max<Duration>(8s, 3 * *p95) : Duration(20s);
  return p95 ? std::max<Duration>(30s, 3 * *p95) : Duration(120s);
}

bool TargetState::may_race(TimePoint now, Duration silent) const {
  const auto calls = calls_.load(std::memory_order_relaxed), races = races_.load(std::memory_order_relaxed);
  return (races + 1) * 20 <= calls + 20 || silent_for(silent, now);
}

TargetState& TargetStates::of(const std::string& target) {
  {
    const std::shared_lock guard(lock_);
    if (auto it = states_.find(target); it != states_.end()) return *it->second;
  }
  const std::lock_guard guard(lock_);
  auto& state = states_[target];
  if (state == nullptr) state = std::make_unique<TargetState>();
  return *state;
}

}  // namespace llmgw::routing
