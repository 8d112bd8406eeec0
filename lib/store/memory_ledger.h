#pragma once

#include <map>
#include <mutex>
#include <unordered_map>

#include "store/ledger_sums.h"

namespace llmgw::store {

// A ledger that ends with its process: for tests and the simulator. What a journal does is compared to it.
class MemoryLedger final : public Ledger {
 public:
  // `places`: reservations that may be open at once.
  explicit MemoryLedger(size_t places = 1 << 20) : places_(places) {}

  Result<std::vector<uint32_t>> accounts(std::span<const std::string> names) override;
  std::expected<Reservation, Shortage> reserve(std::span<const Level> levels, NanoUsd amount,
                                               WallTime now) override;
  void sent(const Reservation&) override {}
  void settle(const Reservation&, NanoUsd actual) override;
  Balance balance(uint32_t account, const Window&) const override;
  LedgerCounts counts() const override;

 private:
  const size_t places_;
  mutable std::mutex lock_;  // guards what follows
  std::map<std::string, uint32_t, std::less<>> names_;
  LedgerSums sums_;
  std::unordered_map<uint64_t, std::vector<Level>> open_;
  uint64_t last_ = 0;
  LedgerCounts counts_;
};

}  // namespace llmgw::store
