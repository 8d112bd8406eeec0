#pragma once

#include <string>
#include <vector>

#include "store/ledger.h"

namespace llmgw::store {

// What an account has spent in a window that is not over.
struct LedgerRow {
  std::string account;
  Window window;
  NanoUsd spent, reserved;
};

// Reads the ledger of `directory`, whether or not a process keeps it: ledger.db, and what stands in the
// journal and is not in it yet. Changes nothing. Empty where there is no ledger. Errors: server_error.
Result<std::vector<LedgerRow>> read_ledger(const std::string& directory, WallTime now);

}  // namespace llmgw::store
