#include "plugins/governance/rate_window.h"

#include <doctest/doctest.h>

#include "base/random.h"

using namespace llmgw;
using namespace llmgw::plugins;

TEST_CASE(
    "no window of that length ever holds more than its limit, and what was refused fits when it was said "
    "to") {
  constexpr Duration kWindow = 1s;
  constexpr int64_t kLimit = 20;
  Random random(7);
  RateWindow window;
  struct Taken {
    TimePoint at;
    int64_t amount;
  };
  std::vector<Taken> all;
  TimePoint now{1h};
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += Duration(static_cast<int64_t>(random.unit() * 100e6));
    const auto amount = static_cast<int64_t>(random.unit() * 5) + 1;
    const auto wait = window.take(amount, kLimit, kWindow, now);
    if (wait) {
      ++refused;
      REQUIRE(*wait > 0ns);
      REQUIRE(*wait <= kWindow + 1ms);
      now += *wait;
      REQUIRE_FALSE(window.take(amount, kLimit, kWindow, now));
    }
    all.push_back({now, amount});
    int64_t within = 0;
    for (auto taken = all.rbegin(); taken != all.rend() && taken->at + kWindow > now; ++taken)
      within += taken->amount;
    REQUIRE(within <= kLimit);
    REQUIRE(within <= window.used(kWindow, now));
  }
  CHECK(refused > 1000);
}

TEST_CASE("room comes back exactly when the oldest goes out of the window") {
  RateWindow window;
  const TimePoint begin{1h};
  for (int i = 0; i < 3; ++i) CHECK_FALSE(window.take(1, 3, 60s, begin + i * 10s));
  CHECK(window.take(1, 3, 60s, begin + 59s) == 1s + 1ms);
  CHECK(window.take(1, 3, 60s, begin + 60s) == 1ms);
  CHECK_FALSE(window.take(1, 3, 60s, begin + 60s + 1ms));
  CHECK(window.take(2, 3, 60s, begin + 60s + 1ms) == 20s);
}

TEST_CASE("what was taken is corrected at its own time, while that is in the window") {
  RateWindow window;
  const TimePoint begin{1h};
  CHECK_FALSE(window.take(100, 150, 10s, begin));
  CHECK(window.take(60, 150, 10s, begin + 1s));
  window.correct(-70, begin, 10s, begin + 1s);
  CHECK(window.used(10s, begin + 1s) == 30);
  CHECK_FALSE(window.take(60, 150, 10s, begin + 1s));
  window.correct(40, begin, 10s, begin + 2s);  // more than was thought: it is told all the same
  CHECK(window.used(10s, begin + 2s) == 130);
  CHECK(window.used(10s, begin + 10s + 1ms) == 60);
  window.correct(1000, begin, 10s, begin + 10s + 1ms);
  CHECK(window.used(10s, begin + 10s + 1ms) == 60);
}

TEST_CASE("what is larger than the limit itself fits an empty window, and fills it") {
  RateWindow window;
  const TimePoint begin{1h};
  CHECK_FALSE(window.take(1000, 10, 1s, begin));
  CHECK(window.used(1s, begin) == 10);
  CHECK(window.take(1, 10, 1s, begin + 500ms));
}
