#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"
#include "observe/record.h"

namespace llmgw::observe {

enum class StatsBy : uint8_t { none, provider, model, key, tag };
std::string_view name(StatsBy);
std::optional<StatsBy> stats_by(std::string_view name);

// A row of `stats --by`. By provider, model ("provider/model") or key ("provider/key") it counts
// calls; by tag ("name=value") whole requests.
struct StatsGroup {
  std::string name;
  int64_t count = 0;
  int64_t answered = 0;
  int64_t failed = 0;  // without those that the client cancelled
  int64_t input_tokens = 0, output_tokens = 0;
  NanoUsd cost;
};

struct ProviderFailures {
  std::string provider;
  int64_t calls = 0;
  std::array<int64_t, kErrorClasses> by_class{};
};

// What a provider said that our error tables do not know (attempts of class invalid_response).
struct UnknownShape {
  std::string provider, model;
  int status = 0;
  std::string code;
  std::string message;  // the latest one's
  int64_t count = 0;
  WallTime last{};
};

// A key that was refused as such (auth, quota) and has not answered since.
struct KeyTrouble {
  std::string provider, key;
  ErrorClass error_class = ErrorClass::auth;
  int64_t count = 0;  // refusals in all of the time looked at
  WallTime last{};
};

// What happened since a time.
struct Stats {
  std::optional<WallTime> since;  // absent: all there is
  int64_t requests = 0;
  int64_t answered = 0;
  int64_t cancelled = 0;     // by the client
  int64_t fallbacks = 0;     // answered by another target than the first called
  int64_t first_failed = 0;  // the first call failed
  int64_t rescued = 0;       // of these, answered all the same: by a retry, another key or a fallback
  std::optional<Duration> rescue_p50, rescue_p95;  // from the first failure to the answer
  std::optional<Duration> took_p50, took_p95;      // of answered requests
  int64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0;
  NanoUsd cost;
  NanoUsd raced_cost;                       // of it, spent on losers of races
  std::vector<ProviderFailures> providers;  // by calls, most first
  std::vector<StatsGroup> groups;           // by count, most first
  std::vector<UnknownShape> unclassified;   // by count, most first
  std::vector<KeyTrouble> keys;             // latest first

  // Shares from 0 to 1; 0 when there was nothing to share. Requests their client cancelled are
  // neither successes nor failures.
  double success_rate() const;
  double fallback_rate() const;  // of answered requests
  double rescue_rate() const;    // of those whose first call failed
};

// What only a person can mend, a line each: a rejected key, a fallback share above 20 % (of at least
// 20 answered requests), error shapes we don't know.
std::vector<std::string> needs_a_person(const Stats&);

// A figure by name, for `stats --check`: "fallback_rate", "rescue_p95" (seconds), "cost_usd", …
std::optional<double> figure(const Stats&, std::string_view name);

// `stats --check 'fallback_rate<0.05'`: a figure, one of < <= > >= and a number.
struct StatsCheck {
  std::string figure;
  std::string comparison;
  double bound = 0;
  bool holds(const Stats&) const;
};
// Fails with a message that names what is wrong and the figures there are.
Result<StatsCheck> parse_stats_check(std::string_view text);

}  // namespace llmgw::observe
