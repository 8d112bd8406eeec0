#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "routing/token_scale.h"

namespace llmgw::routing {

// How long calls of one kind take: counts over buckets that grow by a fifth, halved now and then so
// that the old fades. Lock-free; a reader may see a count or two of a concurrent writer missing.
class LatencyWindow {
 public:
  void add(Duration took);
  // The p-quantile, none before kEnough samples. p in (0, 1).
  std::optional<Duration> quantile(double p) const;

 private:
  static constexpr uint32_t kEnough = 20, kHalveAt = 2048;
  static constexpr size_t kBuckets = 96;  // 1 ms * 1.2^95 is more than nine hours
  std::array<std::atomic<uint32_t>, kBuckets> counts_{};
  std::atomic<uint32_t> total_{0};
};

// What the process knows of one target from its own traffic. Lives as long as the process, whatever the
// config; safe from any thread without a lock.
class TargetState {
 public:
  // A call has ended; only what speaks of the target's health is reported.
  void report(bool answered, TimePoint now);
  void first_content_after(Duration d) { to_first_.add(d); }
  void whole_after(Duration d) { to_whole_.add(d); }

  // Most of its calls of the last ten seconds or so failed (of at least five).
  bool failing(TimePoint now) const;
  // It has answered nobody for that long, though it was called.
  bool silent_for(Duration d, TimePoint now) const;

  // Silence after which another target is started beside it (docs: "Races", `auto`).
  Duration slow_after(bool stream) const;

  // Races started against it, and its calls: at most one in twenty races.
  bool may_race(TimePoint now, Duration silent) const;
  void called() { calls_.fetch_add(1, std::memory_order_relaxed); }
  void raced() { races_.fetch_add(1, std::memory_order_relaxed); }

  TokenScale tokens;

 private:
  struct Window {
    std::atomic<int64_t> began{0};  // ns of the clock
    std::atomic<uint32_t> ok{0}, failed{0};
  };
  static constexpr Duration kWindow = 5s;
  void turn(TimePoint now);

  std::array<Window, 2> windows_;  // the current one and the one before
  std::atomic<int64_t> first_unanswered_{0};
  std::atomic<uint64_t> calls_{0}, races_{0};
  LatencyWindow to_first_, to_whole_;
};

// The states of all targets by name.
class TargetStates {
 public:
  // Made at the first asking; the reference holds for good.
  TargetState& of(const std::string& target);

 private:
  std::shared_mutex lock_;  // guards the map, not what it points to
  std::unordered_map<std::string, std::unique_ptr<TargetState>> states_;
};

}  // namespace llmgw::routing
