#pragma once

#include <cstdint>
#include <span>

#include "store/rests.h"

namespace llmgw::store {

// Rests in a fixed block of 64-bit words that any number of threads and processes change at once.
//
// There is no lock. What decides is one word a slot (until, strikes, cause), changed by
// compare-and-swap, so that a process killed or stopped between any two instructions leaves nothing
// half done. A name lives in one of the kWindow slots behind its hash; a reader looks at all of them,
// so that slots may be given up and taken without moving others. When the window is full, the slot
// whose rest ends first is taken. The names beside the slots are for people only.
//
// The words are read and written through std::atomic_ref: memory on the heap or in a shared mapping.
class RestTable {
 public:
  static constexpr size_t kWindow = 32;
  static constexpr size_t kNameBytes = 192;  // longer names are shown cut; they are told apart all the same
  static constexpr size_t kWordsPerSlot = 2 + 2 + kNameBytes / 8;

  // `words` holds slots * kWordsPerSlot, zeroed when new, outlives the table; slots >= kWindow. `seed`
  // keys the hash, so that nobody can choose names that collide; it belongs to the words.
  RestTable(std::span<uint64_t> words, size_t slots, uint64_t seed);

  std::optional<RestState> get(std::string_view name, WallTime now) const;
  WallTime begin(std::string_view name, ErrorClass cause, std::optional<Duration> retry_after, WallTime now);
  void answered(std::string_view name);
  bool wake(std::string_view name, WallTime now);
  std::vector<Rest> list(WallTime now) const;

 private:
  struct Place {
    uint64_t hash;
    size_t first;  // of the window
  };
  Place place(std::string_view name) const;
  // The slot to begin `hash` in when it has none: a free one, else the one that ends first.
  size_t victim(const Place&) const;
  void keep_name(size_t slot, std::string_view name);
  std::string name_in(size_t slot, uint64_t hash) const;

  uint64_t* hashes_;  // dense, so that a window is four cache lines
  uint64_t* states_;
  uint64_t* names_;
  size_t slots_;
  uint64_t seed_;
};

}  // namespace llmgw::store
