#pragma once

#include <memory>

#include "observe/log.h"
#include "store/ledger.h"

namespace llmgw::store {

// The ledger of a data_dir. A reservation is written to a journal in a mapped file (LedgerJournal) before the
// call that it is for goes out, and its settlement before the client's last byte; both are a few stores into
// memory, and there whatever becomes of the process. A thread of its own adds what was settled to the sums in
// ledger.db, with the watermark that says how far, in one transaction, once a second when there is something.
//
// After a `kill -9`: what was settled is charged, what was sent at its reservation, what was never sent not
// at all; nothing twice. A power cut loses at most what was not yet in ledger.db: the last second.
//
// One process at a time: another that opens it gets an error.
class MappedLedger final : public Ledger {
 public:
  struct Options {
    Duration fold_every = 1s;
    Duration patience = 1s;  // for another process that is about to end
  };

  // `log` outlives the ledger. Errors: server_error with what to do.
  static Result<std::unique_ptr<MappedLedger>> open(const std::string& directory, observe::Log& log,
                                                    const Clock& clock, const Options&);
  static Result<std::unique_ptr<MappedLedger>> open(const std::string& directory, observe::Log& log,
                                                    const Clock& clock);
  // Writes what was settled to ledger.db.
  ~MappedLedger() override;

  Result<std::vector<uint32_t>> accounts(std::span<const std::string> names) override;
  std::expected<Reservation, Shortage> reserve(std::span<const Level> levels, NanoUsd amount,
                                               WallTime now) override;
  void sent(const Reservation&) override;
  void settle(const Reservation&, NanoUsd actual) override;
  Balance balance(uint32_t account, const Window&) const override;
  LedgerCounts counts() const override;

  // Adds what was settled to ledger.db now, and waits for it.
  Result<void> fold();

 private:
  struct Parts;
  explicit MappedLedger(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace llmgw::store
