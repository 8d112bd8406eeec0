#pragma once

#include "store/rests.h"

namespace llmgw::store {

inline constexpr Duration kLongestCoolDown = 60s;
inline constexpr int kMostStrikes = 15;

// 1 s, 2 s, 4 s, … 60 s for the first, second, … refusal in a row.
Duration cool_down(int strikes);

// Whether a rest stands in the way at `now`. Our own cool-down that has longer to go than the longest
// there is was begun before the wall clock was set back: it has ended.
bool runs(const RestState&, WallTime now);

// What a refusal at `now` makes of the rest that was there before it (none: the first refusal).
RestState refused(const std::optional<RestState>& before, ErrorClass cause,
                  std::optional<Duration> retry_after, WallTime now);

}  // namespace llmgw::store
