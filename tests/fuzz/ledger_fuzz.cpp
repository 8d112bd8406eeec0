// The replay of a ledger's journal: whatever the bytes, each slot reads as an entry that makes sense or as
// free, and a journal that is read and settled like a restart does reads the same way again.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "store/ledger_journal.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

bool makes_sense(const JournalEntry& e) {
  if (e.state == JournalEntry::State::free) return e.parts.empty() && e.charge().value == 0;
  return e.number != 0 && e.amount.value >= 0 && e.charge().value >= 0 &&
         e.parts.size() <= Ledger::kMostLevels;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kSlots = 4;
  std::vector<uint64_t> words(kSlots * LedgerJournal::kWordsPerSlot);
  LedgerJournal journal(words);
  // A real entry, on which the input is laid: the sum over a slot cannot be guessed.
  const Level levels[] = {{7, {100}, {WallTime{1h}, WallTime{2h}}}};
  for (size_t slot = 0; slot < kSlots; ++slot) journal.reserve(slot, slot + 1, {10}, levels);
  journal.sent(1, 2);
  journal.settle(2, 3, {9}, 5);
  auto* bytes = reinterpret_cast<uint8_t*>(words.data());
  for (size_t i = 0; i + 3 <= size; i += 3) {
    const size_t at = (data[i] | static_cast<size_t>(data[i + 1]) << 8) % (words.size() * sizeof(uint64_t));
    bytes[at] = data[i + 2];
  }
  for (size_t slot = 0; slot < kSlots; ++slot) {
    const auto entry = journal.read(slot);
    if (!makes_sense(entry)) std::abort();
    if (entry.state != JournalEntry::State::sent) continue;
    if (!journal.settle(slot, entry.number, entry.amount, 6)) std::abort();
    const auto again = journal.read(slot);
    if (again.state != JournalEntry::State::settled || again.charge() != entry.amount) std::abort();
  }
  return 0;
}
