#include "store/rest_rule.h"

namespace llmgw::store {
namespace {

// No provider means more than this; it keeps sums far from overflow and within the table's 44 bits.
constexpr Duration kLongestRest = 24h * 366;

WallTime in_whole_ms(WallTime t) {
  return std::chrono::ceil<std::chrono::milliseconds>(t);
}

}  // namespace

Duration cool_down(int strikes) {
  Duration d = 1s;
  for (int i = 1; i < strikes && d < kLongestCoolDown; ++i) d *= 2;
  return std::min(d, kLongestCoolDown);
}

bool runs(const RestState& rest, WallTime now) {
  return rest.until > now && (rest.announced || rest.until - now <= kLongestCoolDown + 1ms);
}

RestState refused(const std::optional<RestState>& before, ErrorClass cause,
                  std::optional<Duration> retry_after, WallTime now) {
  const bool announced = retry_after && *retry_after > Duration::zero();
  if (before && runs(*before, now)) {
    if (!announced) return *before;
    RestState longer = *before;
    const WallTime until = in_whole_ms(now + std::min(*retry_after, kLongestRest));
    if (until > longer.until) {
      longer.until = until;
      longer.cause = cause;
      longer.announced = true;
    }
    return longer;
  }
  RestState rest;
  rest.cause = cause;
  rest.announced = announced;
  rest.strikes = std::min(kMostStrikes, (before ? before->strikes : 0) + 1);
  rest.until =
      in_whole_ms(now + (announced ? std::min(*retry_after, kLongestRest) : cool_down(rest.strikes)));
  return rest;
}

}  // namespace llmgw::store
