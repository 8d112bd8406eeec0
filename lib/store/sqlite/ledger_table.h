#pragma once

#include <map>

#include "store/ledger.h"
#include "store/sqlite/database.h"

namespace llmgw::store::sqlite {

// `directory`/ledger.db: what each account has spent in each window, and how far the journal is in it. On one
// thread.
class LedgerTable {
 public:
  // What is added to a sum.
  struct Charge {
    uint32_t account;
    Window window;
    NanoUsd amount;
  };
  struct Row {
    uint32_t account;
    Window window;
    NanoUsd spent;
  };

  // Errors: server_error, when the file is damaged, of a newer version, or cannot be opened.
  static Result<LedgerTable> open(const std::string& directory, Database::Mode);

  // A number of this ledger's own, from when it was made.
  Result<int64_t> id();
  // Settlements up to this one are in the sums.
  Result<uint64_t> watermark();
  // The number of an account, made when it is new.
  Result<uint32_t> account(const std::string& name);
  Result<std::map<uint32_t, std::string>> names();
  // The sums of windows that end behind `now`.
  Result<std::vector<Row>> rows(WallTime now);

  // Adds to the sums, moves the watermark, and forgets windows that ended before `forget`: in one
  // transaction, which is on the disk when it returns.
  Result<void> add(std::span<const Charge> charges, uint64_t watermark, WallTime forget);

 private:
  explicit LedgerTable(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace llmgw::store::sqlite
