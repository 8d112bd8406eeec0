#include "store/memory_rests.h"

namespace llmgw::store {

// The seed is fixed: a simulated run must go the same way each time.
MemoryRests::MemoryRests(size_t slots)
    : words_(std::max(slots, RestTable::kWindow) * RestTable::kWordsPerSlot),
      table_(words_, std::max(slots, RestTable::kWindow), 0x6c6c6d6777) {}

}  // namespace llmgw::store
