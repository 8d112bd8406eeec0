#pragma once

#include <vector>

#include "store/ledger.h"

namespace llmgw::store {

// What a slot of the journal says.
struct JournalEntry {
  enum class State : uint8_t { free = 0, reserved = 1, sent = 2, settled = 3 };
  State state = State::free;
  uint64_t number = 0;    // the reservation's
  uint64_t sequence = 0;  // of its settlement; counts up over the ledger's whole life
  NanoUsd amount, actual;
  struct Part {
    uint32_t account;
    Window window;
  };
  std::vector<Part> parts;

  // What it comes to for an account's sum, were the process to end now.
  NanoUsd charge() const {
    return state == State::settled ? actual : state == State::sent ? amount : NanoUsd{};
  }
};

// The reservations of a ledger in a fixed block of 64-bit words: memory on the heap, or a mapped file that
// outlives its process.
//
// A slot is written while it is free, and comes into force with the store of its first word, the state, which
// holds the reservation's number too. So a process that is killed between any two instructions leaves every
// slot in one of its states, with all that the state promises. A slot is a disk's sector long and aligned, so
// that a power cut tears none; a sum over what never changes tells garbage from a slot.
//
// Nothing here is locked: one thread at a time changes a slot.
class LedgerJournal {
 public:
  static constexpr size_t kWordsPerSlot = 64;

  // `words` holds whole slots, zeroed when new, and outlives the journal.
  explicit LedgerJournal(std::span<uint64_t> words) : words_(words) {}

  size_t slots() const { return words_.size() / kWordsPerSlot; }

  // The slot must be free.
  void reserve(size_t slot, uint64_t number, NanoUsd amount, std::span<const Level> levels);
  // False, and nothing else, when the slot does not hold that reservation any more, or is settled.
  bool sent(size_t slot, uint64_t number);
  bool settle(size_t slot, uint64_t number, NanoUsd actual, uint64_t sequence);
  bool holds(size_t slot, uint64_t number) const;  // reserved or sent
  void free(size_t slot);

  // A slot of garbage reads as free.
  JournalEntry read(size_t slot) const;

 private:
  uint64_t* at(size_t slot) const { return words_.data() + slot * kWordsPerSlot; }
  std::span<uint64_t> words_;
};

}  // namespace llmgw::store
