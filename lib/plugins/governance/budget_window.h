#pragma once

#include "config/config.h"
#include "store/ledger.h"

namespace llmgw::plugins {

// The window of a budget that `now` is in: a fixed duration counts from the Unix epoch; a day begins at
// midnight in the budget's zone, a week on Monday, a month on its first. A day on which the clocks change has
// 23 or 25 hours; where there is no midnight it begins when the clocks have been put forward. Takes
// microseconds for calendars. A zone that the machine does not know counts as UTC: the config was checked.
store::Window window_of(const config::Budget& budget, WallTime now);

}  // namespace llmgw::plugins
