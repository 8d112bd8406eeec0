// docs: budgets. When windows begin and end.
#include "plugins/governance/budget_window.h"

#include <doctest/doctest.h>

#include "observe/timestamp.h"

using namespace llmgw;
using namespace llmgw::plugins;

namespace {

WallTime at(int64_t unix_seconds) {
  return WallTime{std::chrono::seconds{unix_seconds}};
}

config::Budget calendar(std::string per, std::string zone = "UTC") {
  return {.limit = {}, .per = std::move(per), .window = std::nullopt, .zone = std::move(zone)};
}

}  // namespace

TEST_CASE("calendar windows begin at midnight of their zone, also when the clocks change") {
  struct Case {
    std::string per, zone;
    int64_t now;  // Unix seconds
    std::string begin, end;
    Duration length;
  };
  const Case cases[] = {
      {"day", "UTC", 1767225600, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", 24h},
      {"day", "UTC", 1767311999, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", 24h},
      // 29 March 2026, 12:00 UTC: the clocks go forward in Berlin; and back on 25 October.
      {"day", "Europe/Berlin", 1774785600, "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z", 23h},
      {"day", "Europe/Berlin", 1792929600, "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z", 25h},
      // Beirut's clocks go forward at midnight: 29 March 2026 begins at 01:00.
      {"day", "Asia/Beirut", 1774785600, "2026-03-28T22:00:00.000Z", "2026-03-29T21:00:00.000Z", 23h},
      {"day", "America/Los_Angeles", 1767225600, "2025-12-31T08:00:00.000Z", "2026-01-01T08:00:00.000Z", 24h},
      // A Thursday; a Monday's first second; a Sunday's last.
      {"week", "UTC", 1767225600, "2025-12-29T00:00:00.000Z", "2026-01-05T00:00:00.000Z", 24h * 7},
      {"week", "UTC", 1767571200, "2026-01-05T00:00:00.000Z", "2026-01-12T00:00:00.000Z", 24h * 7},
      {"week", "UTC", 1767571199, "2025-12-29T00:00:00.000Z", "2026-01-05T00:00:00.000Z", 24h * 7},
      {"week", "Europe/Berlin", 1774785600, "2026-03-22T23:00:00.000Z", "2026-03-29T22:00:00.000Z",
       24h * 7 - 1h},
      {"month", "UTC", 1767225600, "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z", 24h * 31},
      {"month", "Europe/Berlin", 1774785600, "2026-02-28T23:00:00.000Z", "2026-03-31T22:00:00.000Z",
       24h * 31 - 1h},
      {"month", "UTC", 1709164800, "2024-02-01T00:00:00.000Z", "2024-03-01T00:00:00.000Z", 24h * 29},
      {"month", "UTC", 1798761599, "2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z", 24h * 31},
  };
  for (const auto& c : cases) {
    CAPTURE(c.per);
    CAPTURE(c.zone);
    CAPTURE(c.now);
    const auto window = window_of(calendar(c.per, c.zone), at(c.now));
    CHECK(observe::timestamp(window.begin) == c.begin);
    CHECK(observe::timestamp(window.end) == c.end);
    CHECK(window.end - window.begin == c.length);
  }
}

TEST_CASE("windows follow each other without a gap, through two years of days") {
  for (const auto* zone :
       {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"}) {
    for (const auto* per : {"day", "week", "month"}) {
      CAPTURE(zone);
      CAPTURE(per);
      WallTime now = at(1767225600);
      const WallTime end = now + 24h * 730;
      auto window = window_of(calendar(per, zone), now);
      while (window.end < end) {
        const auto last = window_of(calendar(per, zone), window.end - 1ms);
        CHECK(last == window);
        const auto next = window_of(calendar(per, zone), window.end);
        CHECK(next.begin == window.end);
        window = next;
      }
    }
  }
}

TEST_CASE("fixed windows count from the epoch") {
  config::Budget budget{.limit = {}, .per = "30d", .window = 24h * 30};
  const auto window = window_of(budget, at(1767225600));
  CHECK((window.begin.time_since_epoch() % (24h * 30)).count() == 0);
  CHECK(window.begin <= at(1767225600));
  CHECK(window.end == window.begin + 24h * 30);
  CHECK(window_of(budget, window.end).begin == window.end);
}
