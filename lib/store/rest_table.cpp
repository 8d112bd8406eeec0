#include "store/rest_table.h"

#include <atomic>
#include <cassert>
#include <cstring>
#include <map>

#include "store/rest_rule.h"

namespace llmgw::store {
namespace {

constexpr size_t kNameWords = 2 + RestTable::kNameBytes / 8;  // check, length, text

using Word = std::atomic_ref<uint64_t>;

uint64_t load(uint64_t& word) {
  return Word(word).load(std::memory_order_acquire);
}

bool swap_word(uint64_t& word, uint64_t expected, uint64_t wanted) {
  return Word(word).compare_exchange_strong(expected, wanted, std::memory_order_acq_rel);
}

// Eight bytes a step: names are read on every request and hash64() takes them one by one. What it
// gives is stored, under the file's version.
uint64_t keyed_hash(std::string_view text, uint64_t seed) {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
  uint64_t h = seed ^ (text.size() * kOdd);
  const char* p = text.data();
  size_t left = text.size();
  auto mix = [&h](uint64_t w) {
    h = (h ^ w) * kOdd;
    h ^= h >> 32;
  };
  for (; left >= 8; p += 8, left -= 8) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    mix(w);
  }
  uint64_t tail = 0;
  std::memcpy(&tail, p, left);
  mix(tail);
  mix(seed);
  return h == 0 ? 1 : h;  // 0 is a slot that nobody has
}

// A state word: 44 bits of Unix milliseconds, 4 of strikes, 4 of the class, 1 announced, and 11 of
// the name's hash, which tell a slot that was taken but not yet written.
constexpr int kTagBits = 11;

uint64_t tag(uint64_t hash) {
  return hash & ((1u << kTagBits) - 1);
}

uint64_t packed(const RestState& rest, uint64_t hash) {
  uint64_t w = static_cast<uint64_t>(unix_ms(rest.until));
  w = w << 4 | static_cast<uint64_t>(rest.strikes);
  w = w << 4 | static_cast<uint64_t>(rest.cause);
  w = w << 1 | (rest.announced ? 1u : 0u);
  return w << kTagBits | tag(hash);
}

// None for a word of another name, an empty one, or one that no version of us has written.
std::optional<RestState> unpacked(uint64_t w, uint64_t hash) {
  if (w == 0 || tag(w) != tag(hash)) return std::nullopt;
  w >>= kTagBits;
  RestState rest;
  rest.announced = (w & 1) != 0;
  w >>= 1;
  if ((w & 15) >= kErrorClasses) return std::nullopt;
  rest.cause = static_cast<ErrorClass>(w & 15);
  w >>= 4;
  rest.strikes = static_cast<int>(w & 15);
  w >>= 4;
  if (w > static_cast<uint64_t>(WallTime::max().time_since_epoch() / 1ms)) return std::nullopt;
  rest.until = WallTime{std::chrono::milliseconds(w)};
  return rest;
}

}  // namespace

RestTable::RestTable(std::span<uint64_t> words, size_t slots, uint64_t seed)
    : hashes_(words.data()), states_(hashes_ + slots), names_(states_ + slots), slots_(slots), seed_(seed) {
  assert(slots >= kWindow && words.size() >= slots * kWordsPerSlot);
}

RestTable::Place RestTable::place(std::string_view name) const {
  const uint64_t hash = keyed_hash(name, seed_);
  return {hash, static_cast<size_t>((hash >> 32) * (slots_ - kWindow + 1) >> 32)};
}

std::optional<RestState> RestTable::get(std::string_view name, WallTime now) const {
  const auto [hash, first] = place(name);
  std::optional<RestState> found;
  for (size_t i = first; i < first + kWindow; ++i) {
    if (load(hashes_[i]) != hash) continue;
    const auto rest = unpacked(load(states_[i]), hash);
    // A slot given to another name between the two loads is not ours any more.
    if (!rest || load(hashes_[i]) != hash || !runs(*rest, now)) continue;
    if (!found || rest->until > found->until) found = rest;
  }
  return found;
}

WallTime RestTable::begin(std::string_view name, ErrorClass cause, std::optional<Duration> retry_after,
                          WallTime now) {
  const Place at = place(name);
  RestState next;
  // Each turn that fails means that another process changed the same words; 100 turns are never seen.
  for (int turn = 0; turn < 100; ++turn) {
    size_t slot = slots_;
    uint64_t seen = 0;
    std::optional<RestState> before;
    for (size_t i = at.first; i < at.first + kWindow; ++i) {
      if (load(hashes_[i]) != at.hash) continue;
      const uint64_t word = load(states_[i]);
      const auto rest = unpacked(word, at.hash);
      if (slot == slots_ || (rest && (!before || rest->until > before->until))) {
        // Two processes may have begun one name in two slots at once: the later end counts.
        if (slot != slots_) swap_word(states_[slot], seen, 0);
        slot = i, seen = word, before = rest;
      } else if (rest) {
        swap_word(states_[i], word, 0);
      }
    }
    if (slot == slots_) {
      slot = victim(at);
      seen = load(states_[slot]);
      const uint64_t owner = load(hashes_[slot]);
      if (owner == at.hash || !swap_word(hashes_[slot], owner, at.hash)) continue;
    }
    next = refused(before, cause, retry_after, now);
    keep_name(slot, name);
    if (swap_word(states_[slot], seen, packed(next, at.hash)) && load(hashes_[slot]) == at.hash) break;
  }
  return next.until;
}

size_t RestTable::victim(const Place& at) const {
  size_t best = at.first;
  uint64_t best_end = UINT64_MAX;
  for (size_t i = at.first; i < at.first + kWindow; ++i) {
    const uint64_t owner = load(hashes_[i]);
    if (owner == 0) return i;
    const auto rest = unpacked(load(states_[i]), owner);
    const auto end = rest ? static_cast<uint64_t>(unix_ms(rest->until)) : 0;
    if (end < best_end) best = i, best_end = end;
  }
  return best;
}

void RestTable::answered(std::string_view name) {
  const auto [hash, first] = place(name);
  for (size_t i = first; i < first + kWindow; ++i) {
    if (load(hashes_[i]) != hash) continue;
    for (int turn = 0; turn < 100; ++turn) {
      const uint64_t word = load(states_[i]);
      auto rest = unpacked(word, hash);
      if (!rest || rest->strikes == 0) break;
      rest->strikes = 0;
      if (swap_word(states_[i], word, packed(*rest, hash))) break;
    }
  }
}

bool RestTable::wake(std::string_view name, WallTime now) {
  const auto [hash, first] = place(name);
  bool ended = false;
  for (size_t i = first; i < first + kWindow; ++i) {
    if (load(hashes_[i]) != hash) continue;
    for (int turn = 0; turn < 100; ++turn) {
      const uint64_t word = load(states_[i]);
      const auto rest = unpacked(word, hash);
      if (!rest) break;
      if (!swap_word(states_[i], word, 0)) continue;
      ended = ended || runs(*rest, now);
      break;
    }
  }
  return ended;
}

std::vector<Rest> RestTable::list(WallTime now) const {
  std::map<std::string, Rest> by_name;
  for (size_t i = 0; i < slots_; ++i) {
    const uint64_t hash = load(hashes_[i]);
    if (hash == 0) continue;
    const auto state = unpacked(load(states_[i]), hash);
    if (!state || !runs(*state, now)) continue;
    Rest rest{*state, name_in(i, hash)};
    auto [at, fresh] = by_name.try_emplace(rest.name, rest);
    if (!fresh && at->second.until < rest.until) at->second = rest;
  }
  std::vector<Rest> rests;
  for (auto& [name, rest] : by_name) rests.push_back(std::move(rest));
  return rests;
}

void RestTable::keep_name(size_t slot, std::string_view name) {
  const auto text = name.substr(0, kNameBytes);
  std::array<uint64_t, kNameWords> words{};
  words[0] = keyed_hash(text, seed_);
  words[1] = text.size();
  std::memcpy(&words[2], text.data(), text.size());
  const size_t used = 2 + (text.size() + 7) / 8;
  for (size_t i = 0; i < used; ++i)
    Word(names_[slot * kNameWords + i]).store(words[i], std::memory_order_relaxed);
}

std::string RestTable::name_in(size_t slot, uint64_t hash) const {
  std::array<uint64_t, kNameWords> words{};
  for (size_t i = 0; i < kNameWords; ++i)
    words[i] = Word(names_[slot * kNameWords + i]).load(std::memory_order_relaxed);
  if (words[1] <= kNameBytes) {
    std::string text(reinterpret_cast<const char*>(&words[2]), words[1]);
    const bool whole = words[1] < kNameBytes ? keyed_hash(text, seed_) == hash : true;
    if (whole && keyed_hash(text, seed_) == words[0]) return text;
  }
  // Torn by a process that was killed while it wrote: the rest holds, its name is lost.
  static constexpr char kHex[] = "0123456789abcdef";
  std::string lost = "lost:";
  for (int shift = 60; shift >= 0; shift -= 4) lost += kHex[hash >> shift & 15];
  return lost;
}

}  // namespace llmgw::store
