#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.h"

namespace llmgw::plugins {

// What was used of something in the time behind us: a window that slides, exact at its edge but for a grain
// of 1/65536 of it (at least 1 ms), by which it is too strict, never too lax. One thread at a time.
class RateWindow {
 public:
  // Takes `amount` when it fits below `limit`; else says how long it will take until it does. An amount above
  // the limit itself fits an empty window.
  std::optional<Duration> take(int64_t amount, int64_t limit, Duration window, TimePoint now);
  // What was taken at `then` turns out to have been so much more, or less below 0.
  void correct(int64_t by, TimePoint then, Duration window, TimePoint now);

  int64_t used(Duration window, TimePoint now);

 private:
  struct Grain {
    TimePoint begun;
    int64_t amount;
  };
  void forget(Duration window, TimePoint now);
  static TimePoint grain_of(TimePoint t, Duration window);

  std::deque<Grain> grains_;
  int64_t used_ = 0;
};

}  // namespace llmgw::plugins
