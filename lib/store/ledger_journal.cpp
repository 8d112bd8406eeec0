#include "store/ledger_journal.h"

#include <atomic>

#include "base/hash.h"

namespace llmgw::store {
namespace {

using State = JournalEntry::State;

// The words of a slot. Windows in Unix milliseconds.
enum Word : size_t { kState, kAmount, kActual, kSequence, kCheck, kCount, kParts };
constexpr size_t kWordsPerPart = 3;  // account, begin, end
static_assert(kParts + Ledger::kMostLevels * kWordsPerPart <= LedgerJournal::kWordsPerSlot);

uint64_t word(State state, uint64_t number) {
  return number << 8 | static_cast<uint64_t>(state);
}

// Comes after all that was stored before it.
void put_state(uint64_t* slot, State state, uint64_t number) {
  std::atomic_ref(slot[kState]).store(word(state, number), std::memory_order_release);
}

// Over what a reservation says from its begin to its end.
uint64_t check_of(const uint64_t* slot, uint64_t number, size_t count) {
  uint64_t h = number * 0x9e3779b97f4a7c15 ^ slot[kAmount];
  for (size_t i = 0; i < count * kWordsPerPart; ++i) {
    h = (h ^ slot[kParts + i]) * 0xd6e8feb86659fd93;
    h ^= h >> 32;
  }
  return h ^ count;
}

WallTime time_of(uint64_t ms) {
  return WallTime{std::chrono::milliseconds{static_cast<int64_t>(ms)}};
}

// What a year of nanoseconds since 1970 can hold.
bool sane(uint64_t ms) {
  return ms < 9'000'000'000'000;
}

}  // namespace

void LedgerJournal::reserve(size_t slot, uint64_t number, NanoUsd amount, std::span<const Level> levels) {
  uint64_t* s = at(slot);
  s[kAmount] = static_cast<uint64_t>(amount.value);
  s[kActual] = 0;
  s[kSequence] = 0;
  s[kCount] = levels.size();
  uint64_t* part = s + kParts;
  for (const auto& level : levels) {
    *part++ = level.account;
    *part++ = static_cast<uint64_t>(unix_ms(level.window.begin));
    *part++ = static_cast<uint64_t>(unix_ms(level.window.end));
  }
  s[kCheck] = check_of(s, number, levels.size());
  put_state(s, State::reserved, number);
}

bool LedgerJournal::holds(size_t slot, uint64_t number) const {
  if (slot >= slots()) return false;
  const uint64_t state = at(slot)[kState];
  return state == word(State::reserved, number) || state == word(State::sent, number);
}

bool LedgerJournal::sent(size_t slot, uint64_t number) {
  if (!holds(slot, number)) return false;
  put_state(at(slot), State::sent, number);
  return true;
}

bool LedgerJournal::settle(size_t slot, uint64_t number, NanoUsd actual, uint64_t sequence) {
  if (!holds(slot, number)) return false;
  uint64_t* s = at(slot);
  s[kActual] = static_cast<uint64_t>(actual.value);
  s[kSequence] = sequence;
  put_state(s, State::settled, number);
  return true;
}

void LedgerJournal::free(size_t slot) {
  put_state(at(slot), State::free, 0);
}

JournalEntry LedgerJournal::read(size_t slot) const {
  const uint64_t* s = at(slot);
  const uint64_t state = std::atomic_ref(at(slot)[kState]).load(std::memory_order_acquire);
  JournalEntry entry;
  entry.number = state >> 8;
  const uint64_t count = s[kCount];
  const bool known = (state & 0xff) >= 1 && (state & 0xff) <= 3 && entry.number != 0;
  if (!known || count > Ledger::kMostLevels || s[kCheck] != check_of(s, entry.number, count)) return {};
  entry.state = static_cast<State>(state & 0xff);
  entry.amount = {static_cast<int64_t>(s[kAmount])};
  entry.actual = {static_cast<int64_t>(s[kActual])};
  entry.sequence = s[kSequence];
  const uint64_t* part = s + kParts;
  for (uint64_t i = 0; i < count; ++i, part += kWordsPerPart) {
    if (part[0] > UINT32_MAX || !sane(part[1]) || !sane(part[2])) return {};
    entry.parts.push_back({static_cast<uint32_t>(part[0]), {time_of(part[1]), time_of(part[2])}});
  }
  if (entry.amount.value < 0 || entry.actual.value < 0) return {};
  return entry;
}

}  // namespace llmgw::store
