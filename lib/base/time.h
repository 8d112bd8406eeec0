#pragma once

#include <chrono>
#include <cstdint>

namespace llmgw {

using namespace std::chrono_literals;

using Duration = std::chrono::nanoseconds;
// Monotonic: for deadlines and latencies. Never stored.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Wall time (UTC): for what outlives the process and for what people read.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline constexpr TimePoint kNever = TimePoint::max();

// `t + d` that stays at kNever instead of overflowing.
constexpr TimePoint after(TimePoint t, Duration d) {
  return d >= kNever - t ? kNever : t + d;
}

constexpr int64_t to_ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}
constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
constexpr int64_t unix_ms(WallTime t) {
  return to_ms(t.time_since_epoch());
}

// The only source of time. The event loop has a cached one, the simulator a virtual one.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallTime wall() const = 0;
};

// Reads the machine's clocks. For what runs on plain threads.
class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// Time that moves only by hand, for tests and the simulator. Starts at 2026-01-01T00:00:00Z.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return TimePoint{} + elapsed_; }
  WallTime wall() const override { return WallTime{std::chrono::seconds{1767225600}} + elapsed_; }
  void advance(Duration d) { elapsed_ += d; }
  void set(TimePoint t) { elapsed_ = t - TimePoint{}; }

 private:
  Duration elapsed_{1h};
};

}  // namespace llmgw
