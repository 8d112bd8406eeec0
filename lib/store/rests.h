#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace llmgw::store {

// What is known of a rest, without its name: get() gives it without allocating.
struct RestState {
  WallTime until{};  // whole milliseconds, rounded up
  ErrorClass cause = ErrorClass::rate_limit;
  bool announced = false;  // a provider said until when; else our own cool-down
  int strikes = 0;         // refusals in a row, for the doubling cool-down; counts to 15
};

// What rests: a key for one model, a whole key (or its group), or a whole target. The
// engine builds the name: "key:HASH:model", "key:HASH", "target:provider/model".
struct Rest : RestState {
  std::string name;
};

// Times during which a key or target is not called. Shared by every process on one
// data_dir and kept across restarts, hence wall time. Thread-safe; get() takes no lock and
// stays below 100 ns.
class Rests {
 public:
  virtual ~Rests() = default;

  // The rest of that name if it has not ended at `now`.
  virtual std::optional<RestState> get(std::string_view name, WallTime now) const = 0;

  // Begins or prolongs a rest; an earlier end never shortens one. Without `retry_after` (or with one
  // that is not positive) the cool-down doubles from 1 s to 60 s with each refusal in a row. A refusal
  // that comes while the rest runs belongs to a call that was under way: it is no further strike.
  // Returns when the rest ends.
  virtual WallTime begin(std::string_view name, ErrorClass cause, std::optional<Duration> retry_after,
                         WallTime now) = 0;

  // It answered: the count of refusals in a row starts anew. A rest that runs goes on. Costs as little
  // as get() when there is nothing to forget.
  virtual void answered(std::string_view name) = 0;

  // Ends a rest by hand, and forgets its strikes; false when there was none.
  virtual bool wake(std::string_view name, WallTime now) = 0;

  // All that have not ended at `now`, by name, for people.
  virtual std::vector<Rest> list(WallTime now) const = 0;
};

}  // namespace llmgw::store
