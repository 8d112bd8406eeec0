#include "providers/wait.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/text.h"

namespace llmgw::providers {
namespace {

std::optional<Duration> seconds(double s) {
  if (!std::isfinite(s) || s < 0) return std::nullopt;
  if (s >= to_seconds(kLongestWait)) return kLongestWait;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// The number that `text` begins with, and how long it is; 0 when there is none.
size_t leading_number(std::string_view text, double& value) {
  size_t n = 0;
  while (n < text.size() && (digit(text[n]) || (text[n] == '.' && n + 1 < text.size() && digit(text[n + 1]))))
    ++n;
  if (n == 0 || n > 30) return 0;
  const auto parsed = to_number<double>(text.substr(0, n));
  if (!parsed) return 0;
  value = *parsed;
  return n;
}

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"milliseconds", 1e-3},
                           {"millisecond", 1e-3},
                           {"ms", 1e-3},
                           {"µs", 1e-6},
                           {"us", 1e-6},
                           {"seconds", 1},
                           {"second", 1},
                           {"secs", 1},
                           {"sec", 1},
                           {"minutes", 60},
                           {"minute", 60},
                           {"mins", 60},
                           {"min", 60},
                           {"hours", 3600},
                           {"hour", 3600},
                           {"days", 86400},
                           {"day", 86400},
                           {"s", 1},
                           {"m", 60},
                           {"h", 3600},
                           {"d", 86400}};

// "1m30s" at the beginning of `text`; `used` is its length. A number without a unit is none.
std::optional<Duration> leading_wait(std::string_view text, size_t& used) {
  double sum = 0;
  used = 0;
  for (int parts = 0; parts < 5; ++parts) {
    std::string_view rest = text.substr(used);
    double value = 0;
    const size_t n = leading_number(rest, value);
    if (n == 0) break;
    rest.remove_prefix(n);
    size_t space = rest.starts_with(' ') ? 1 : 0;
    const Unit* unit = nullptr;
    for (const Unit& u : kUnits) {
      if (rest.substr(space).starts_with(u.name)) {
        unit = &u;
        break;
      }
    }
    if (unit == nullptr) break;
    sum += value * unit->seconds;
    used += n + space + unit->name.size();
  }
  return used == 0 ? std::nullopt : seconds(sum);
}

std::optional<int> two_or_more(std::string_view text, size_t at, size_t n) {
  return at + n <= text.size() ? to_number<int>(text.substr(at, n)) : std::nullopt;
}

std::optional<WallTime> make_time(std::optional<int> year, std::optional<int> month, std::optional<int> day,
                                  std::optional<int> hour, std::optional<int> minute,
                                  std::optional<int> second) {
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *year < 1970 || *year > 2200 || *hour < 0 || *hour > 23 || *minute < 0 || *minute > 59 ||
      *second < 0 || *second > 60) {
    return std::nullopt;
  }
  return WallTime{std::chrono::sys_days(date)} + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

// "Wed, 21 Oct 2015 07:28:00 GMT"
std::optional<WallTime> http_date(std::string_view t) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (t.size() != 29 || t[3] != ',' || !t.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(kMonths, t.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return make_time(two_or_more(t, 12, 4), static_cast<int>(month - kMonths.begin()) + 1, two_or_more(t, 5, 2),
                   two_or_more(t, 17, 2), two_or_more(t, 20, 2), two_or_more(t, 23, 2));
}

// "2026-01-01T00:00:00Z", with a fraction or an offset
std::optional<WallTime> rfc3339(std::string_view t) {
  if (t.size() < 20 || t[4] != '-' || t[7] != '-' || (t[10] != 'T' && t[10] != ' ')) return std::nullopt;
  auto time = make_time(two_or_more(t, 0, 4), two_or_more(t, 5, 2), two_or_more(t, 8, 2),
                        two_or_more(t, 11, 2), two_or_more(t, 14, 2), two_or_more(t, 17, 2));
  if (!time) return std::nullopt;
  size_t at = 19;
  if (t[at] == '.') {
    ++at;
    while (at < t.size() && digit(t[at])) ++at;
  }
  const std::string_view zone = t.substr(std::min(at, t.size()));
  if (zone == "Z" || zone == "z") return time;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const auto hours = two_or_more(zone, 1, 2), minutes = two_or_more(zone, 4, 2);
  if (!hours || !minutes) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return zone[0] == '+' ? *time - offset : *time + offset;
}

Duration until(WallTime time, WallTime now) {
  return std::clamp<Duration>(time - now, 0s, kLongestWait);
}

std::optional<int64_t> count(std::string_view text) {
  // Some send a fraction, some a policy behind it: "100, 100;w=60".
  double value = 0;
  text = trim(text);
  if (leading_number(text, value) == 0 || value > 9e15) return std::nullopt;
  return static_cast<int64_t>(value);
}

RateLimits::Window window(const LimitHeaders& names, const net::Headers& headers, WallTime now) {
  RateLimits::Window w;
  if (!names.limit.empty()) w.limit = count(headers.get(names.limit));
  if (!names.remaining.empty()) w.remaining = count(headers.get(names.remaining));
  if (!names.reset.empty()) w.reset = parse_reset(headers.get(names.reset), now);
  return w;
}

}  // namespace

std::optional<Duration> parse_wait(std::string_view text) {
  text = trim(text);
  double value = 0;
  if (const size_t n = leading_number(text, value); n != 0 && n == text.size()) return seconds(value);
  size_t used = 0;
  const auto wait = leading_wait(text, used);
  return used == text.size() ? wait : std::nullopt;
}

std::optional<WallTime> parse_time(std::string_view text) {
  text = trim(text);
  if (const auto t = http_date(text)) return t;
  return rfc3339(text);
}

std::optional<Duration> parse_reset(std::string_view text, WallTime now) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  if (const auto time = parse_time(text)) return until(*time, now);
  double value = 0;
  if (leading_number(text, value) == text.size()) {
    // No wait is 30 years long: these are Unix times.
    if (value >= 1e12) return seconds(std::max(0.0, value / 1e3 - to_seconds(now.time_since_epoch())));
    if (value >= 1e9) return seconds(std::max(0.0, value - to_seconds(now.time_since_epoch())));
  }
  return parse_wait(text);
}

std::optional<Duration> retry_after(const net::Headers& headers, WallTime now) {
  if (const auto ms = to_number<double>(trim(headers.get("retry-after-ms")))) {
    if (const auto wait = seconds(*ms / 1e3)) return wait;
  }
  const std::string_view value = trim(headers.get("retry-after"));
  if (const auto s = to_number<double>(value)) return *s < 0 ? std::optional<Duration>(0s) : seconds(*s);
  if (const auto time = parse_time(value)) return until(*time, now);
  return std::nullopt;
}

std::optional<Duration> wait_in_words(std::string_view message) {
  const std::string text = to_lower(message.substr(0, 4096));
  for (std::string_view lead :
       {"try again in ", "retry in ", "retry after ", "again after ", "wait for ", "wait "}) {
    for (size_t at = text.find(lead); at != std::string::npos; at = text.find(lead, at + 1)) {
      size_t used = 0;
      if (const auto wait = leading_wait(std::string_view(text).substr(at + lead.size()), used)) return wait;
    }
  }
  return std::nullopt;
}

std::optional<Duration> RateLimits::wait() const {
  std::optional<Duration> longest;
  for (const Window* w : {&requests, &tokens}) {
    if (w->spent() && w->reset) longest = std::max(longest.value_or(0s), *w->reset);
  }
  return longest;
}

std::optional<Duration> plan_wait(const net::Headers& headers, WallTime now) {
  if (headers.get("anthropic-ratelimit-unified-status") != "rejected") return std::nullopt;
  return parse_reset(headers.get("anthropic-ratelimit-unified-reset"), now);
}

RateLimits rate_limits(const Row& row, const net::Headers& headers, WallTime now) {
  return {window(row.requests, headers, now), window(row.tokens, headers, now)};
}

}  // namespace llmgw::providers
