#include "store/memory_ledger.h"

namespace llmgw::store {

Result<std::vector<uint32_t>> MemoryLedger::accounts(std::span<const std::string> names) {
  const std::lock_guard guard(lock_);
  std::vector<uint32_t> ids;
  for (const auto& name : names)
    ids.push_back(names_.try_emplace(name, static_cast<uint32_t>(names_.size())).first->second);
  return ids;
}

std::expected<Reservation, Shortage> MemoryLedger::reserve(std::span<const Level> levels, NanoUsd amount,
                                                           WallTime now) {
  const std::lock_guard guard(lock_);
  if (open_.size() >= places_) {
    ++counts_.full;
    return std::unexpected(Shortage{.why = Shortage::Why::full});
  }
  if (auto shortage = sums_.take(levels, amount, now)) return std::unexpected(*shortage);
  (void)sums_.take_carried();
  open_.emplace(++last_, std::vector(levels.begin(), levels.end()));
  return Reservation{.slot = 0, .number = last_, .amount = amount};
}

void MemoryLedger::settle(const Reservation& reservation, NanoUsd actual) {
  const std::lock_guard guard(lock_);
  const auto found = open_.find(reservation.number);
  if (found == open_.end()) return;
  if (actual > reservation.amount) ++counts_.overruns;
  for (const auto& level : found->second)
    sums_.settle(level.account, level.window, reservation.amount, actual);
  open_.erase(found);
}

Balance MemoryLedger::balance(uint32_t account, const Window& window) const {
  const std::lock_guard guard(lock_);
  return sums_.balance(account, window);
}

LedgerCounts MemoryLedger::counts() const {
  const std::lock_guard guard(lock_);
  LedgerCounts counts = counts_;
  counts.open = static_cast<int64_t>(open_.size());
  return counts;
}

}  // namespace llmgw::store
