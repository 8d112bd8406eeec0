#include "plugins/governance/rate_window.h"

#include <algorithm>

namespace llmgw::plugins {
namespace {

Duration grain_size(Duration window) {
  return std::max<Duration>(window / 65536, 1ms);
}

}  // namespace

TimePoint RateWindow::grain_of(TimePoint t, Duration window) {
  return t - t.time_since_epoch() % grain_size(window);
}

// A grain counts until its last instant is out of the window.
void RateWindow::forget(Duration window, TimePoint now) {
  while (!grains_.empty() && grains_.front().begun + grain_size(window) + window <= now) {
    used_ -= grains_.front().amount;
    grains_.pop_front();
  }
}

int64_t RateWindow::used(Duration window, TimePoint now) {
  forget(window, now);
  return used_;
}

std::optional<Duration> RateWindow::take(int64_t amount, int64_t limit, Duration window, TimePoint now) {
  forget(window, now);
  amount = std::min(amount, limit);
  int64_t left = used_;
  if (left + amount > limit) {
    for (const Grain& grain : grains_) {
      left -= grain.amount;
      if (left + amount <= limit) return grain.begun + grain_size(window) + window - now;
    }
    return window;
  }
  const TimePoint begun = grain_of(now, window);
  if (grains_.empty() || grains_.back().begun != begun) grains_.push_back({begun, 0});
  grains_.back().amount += amount;
  used_ += amount;
  return std::nullopt;
}

void RateWindow::correct(int64_t by, TimePoint then, Duration window, TimePoint now) {
  forget(window, now);
  const TimePoint begun = grain_of(then, window);
  const auto grain = std::ranges::lower_bound(grains_, begun, {}, &Grain::begun);
  if (grain == grains_.end() || grain->begun != begun) return;  // out of the window by now
  grain->amount += by;
  used_ += by;
}

}  // namespace llmgw::plugins
