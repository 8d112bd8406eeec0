#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "net/headers.h"
#include "providers/catalog.h"

// How long a provider asks us to wait, in every form that they use.
namespace llmgw::providers {

// No hint is believed beyond this.
inline constexpr Duration kLongestWait = 31 * 24h;

// "20s", "1m30s", "6ms", "9m38.016s", "2h", "12.5" (seconds); none for anything else. Capped at kLongestWait.
std::optional<Duration> parse_wait(std::string_view text);

// An HTTP date (RFC 9110, 5.6.7: IMF-fixdate) or an RFC 3339 time.
std::optional<WallTime> parse_time(std::string_view text);

// The value of a reset header: a wait as above, a time, or a Unix time in seconds or milliseconds. Never
// negative.
std::optional<Duration> parse_reset(std::string_view text, WallTime now);

// `retry-after-ms`, else `retry-after` in seconds (a fraction too) or as a date. Zero for the past.
std::optional<Duration> retry_after(const net::Headers& headers, WallTime now);

// What a message says: "Please try again in 1m30.5s", "retry after 20 seconds", "after 1 seconds".
std::optional<Duration> wait_in_words(std::string_view message);

// A provider's limits as its headers tell them; absent: not told.
struct RateLimits {
  struct Window {
    std::optional<int64_t> limit, remaining;
    std::optional<Duration> reset;  // from now
    bool spent() const { return remaining == 0; }
  };
  Window requests, tokens;

  // When the windows that are spent begin anew; none when none is or none tells.
  std::optional<Duration> wait() const;
};
// When a plan whose limit is reached begins anew, as Anthropic tells a subscription's client
// (`anthropic-ratelimit-unified-status` and `-reset`, Unix seconds; read by Claude Code).
std::optional<Duration> plan_wait(const net::Headers& headers, WallTime now);
RateLimits rate_limits(const Row& row, const net::Headers& headers, WallTime now);

}  // namespace llmgw::providers
