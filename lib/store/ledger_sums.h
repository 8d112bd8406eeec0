#pragma once

#include <optional>
#include <vector>

#include "store/ledger.h"

namespace llmgw::store {

// The sums of a ledger's accounts: what both of its implementations count with. One thread at a time.
class LedgerSums {
 public:
  // Of an account's window, as it was kept.
  void restore(uint32_t account, const Window& window, NanoUsd spent);

  // Takes `amount` from all levels; else says which has too little.
  std::optional<Shortage> take(std::span<const Level> levels, NanoUsd amount, WallTime now);
  // Gives `reserved` back and charges `actual`.
  void settle(uint32_t account, const Window& window, NanoUsd reserved, NanoUsd actual);

  Balance balance(uint32_t account, const Window& window) const;

  // What windows that are new began with, of those before them; the caller keeps it, and it is forgotten
  // here.
  struct Carried {
    uint32_t account;
    Window window;
    NanoUsd spent;
  };
  std::vector<Carried> take_carried() { return std::exchange(carried_, {}); }

 private:
  struct Sum {
    Window window;
    int64_t spent = 0, reserved = 0;
  };
  Sum& sum(uint32_t account, const Window& window, WallTime now);

  // By account; windows that are over give way when another is added. Nearly always there is one.
  std::vector<std::vector<Sum>> accounts_;
  std::vector<Carried> carried_;
};

}  // namespace llmgw::store
