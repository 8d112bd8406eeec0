#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace llmgw::store {

// A bounded queue of many producers and one consumer, without a lock: each cell has a counter that
// says whose turn it is (Vyukov, "Bounded MPMC queue"). push() never waits: a full queue refuses.
template <typename T>
class Ring {
 public:
  // Holds at least `capacity`, rounded up to a power of two. The memory of a cell is touched when it
  // is first used.
  explicit Ring(size_t capacity)
      : mask_(std::bit_ceil(std::max<size_t>(capacity, 2)) - 1),
        cells_(
            static_cast<Cell*>(::operator new(sizeof(Cell) * (mask_ + 1), std::align_val_t{alignof(Cell)}))) {
    for (size_t i = 0; i <= mask_; ++i) std::construct_at(&cells_[i].turn, i);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    while (pop([](T&&) {})) {
    }
    ::operator delete(cells_, std::align_val_t{alignof(Cell)});
  }

  // False when the queue is full; then `value` is as it was.
  bool push(T&& value) {
    size_t at = head_.load(std::memory_order_relaxed);
    while (true) {
      Cell& cell = cells_[at & mask_];
      const size_t turn = cell.turn.load(std::memory_order_acquire);
      if (turn == at) {
        if (head_.compare_exchange_weak(at, at + 1, std::memory_order_seq_cst, std::memory_order_relaxed)) {
          std::construct_at(cell.value(), std::move(value));
          cell.turn.store(at + 1, std::memory_order_release);
          return true;
        }
      } else if (turn < at) {
        return false;
      } else {
        at = head_.load(std::memory_order_relaxed);
      }
    }
  }

  // Hands the oldest value to `take` and removes it; false when there is none. One thread only.
  template <typename Take>
  bool pop(const Take& take) {
    const size_t at = tail_.load(std::memory_order_relaxed);
    Cell& cell = cells_[at & mask_];
    if (cell.turn.load(std::memory_order_acquire) != at + 1) return false;
    take(std::move(*cell.value()));
    std::destroy_at(cell.value());
    cell.turn.store(at + mask_ + 1, std::memory_order_release);
    tail_.store(at + 1, std::memory_order_relaxed);
    return true;
  }

  // About how many wait. Sequentially consistent with push(): who stores a flag and then sees none here
  // may rely on the next push() being followed by a load that sees the flag.
  size_t size() const {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    const size_t head = head_.load(std::memory_order_seq_cst);
    return head > tail ? head - tail : 0;
  }
  size_t capacity() const { return mask_ + 1; }

 private:
  struct Cell {
    std::atomic<size_t> turn;
    alignas(T) std::byte bytes[sizeof(T)];
    T* value() { return std::launder(reinterpret_cast<T*>(bytes)); }
  };

  size_t mask_;
  Cell* cells_;
  alignas(64) std::atomic<size_t> head_{0};
  alignas(64) std::atomic<size_t> tail_{0};
};

}  // namespace llmgw::store
