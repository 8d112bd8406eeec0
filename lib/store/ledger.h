#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/money.h"
#include "base/time.h"

namespace llmgw::store {

// A span of time over which a budget counts, in whole milliseconds; `end` is no part of it.
struct Window {
  WallTime begin{}, end{};
  friend bool operator==(const Window&, const Window&) = default;
};

// One account that a call is paid from, and what it may spend in its window.
struct Level {
  uint32_t account = 0;  // from Ledger::accounts()
  NanoUsd limit;
  Window window;
};

// Money that is set aside for one call, until settle().
struct Reservation {
  uint32_t slot = 0;
  uint64_t number = 0;  // never 0 for one that was made
  NanoUsd amount;
};

// Why nothing was set aside.
struct Shortage {
  enum class Why : uint8_t {
    spent,  // it would not fit if nobody else were about to spend
    held,   // only what others have reserved keeps it out
    full,   // the ledger has no place for another reservation, whatever the money
  };
  Why why = Why::spent;
  size_t level = 0;         // of those asked for: the one with the least left, of those that refuse
  NanoUsd spent, reserved;  // of that level
  NanoUsd room;             // the least that is left at any level now; not below 0
};

// What an account has spent in a window, and what is set aside of it.
struct Balance {
  NanoUsd spent, reserved;
};

struct LedgerCounts {
  uint64_t overruns = 0;  // calls that cost more than was reserved for them
  uint64_t full = 0;      // reservations refused for want of a place
  int64_t open = 0;       // reservations now
};

// Money by account and window: set aside before a call, settled to what it cost afterwards. An account's sums
// are kept by its name, for as long as the window that they are of lasts. A window of another length or zone
// than before begins with what was spent in those that lie within it.
//
// Thread-safe. All but accounts() may be called on loops: they hold a lock for about a microsecond and touch
// no disk.
class Ledger {
 public:
  static constexpr size_t kMostLevels = 16;

  virtual ~Ledger() = default;

  // The accounts of those names, made where they are new. May wait for the disk. Errors: server_error, when
  // they cannot be kept.
  virtual Result<std::vector<uint32_t>> accounts(std::span<const std::string> names) = 0;

  // Takes `amount` (>= 0) from all of the levels, at most kMostLevels, or from none.
  virtual std::expected<Reservation, Shortage> reserve(std::span<const Level> levels, NanoUsd amount,
                                                       WallTime now) = 0;
  // The call goes out: should the process die from here on, the reservation is charged whole.
  virtual void sent(const Reservation&) = 0;
  // What it cost (>= 0), be it more than was reserved. Of several calls for one reservation the first holds.
  virtual void settle(const Reservation&, NanoUsd actual) = 0;
  // It was not sent, or cost nothing.
  void release(const Reservation& reservation) { settle(reservation, {}); }

  virtual Balance balance(uint32_t account, const Window&) const = 0;
  virtual LedgerCounts counts() const = 0;
};

}  // namespace llmgw::store
