#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>

namespace llmgw {

// LLMGW_CASES: how many random cases a property is tried on; sanitizer builds try fewer.
inline uint64_t random_cases(uint64_t otherwise) {
  const char* given = std::getenv("LLMGW_CASES");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
}

// LLMGW_SEED: the one case to look at.
inline std::optional<uint64_t> one_seed() {
  const char* given = std::getenv("LLMGW_SEED");
  if (given == nullptr) return std::nullopt;
  return std::strtoull(given, nullptr, 10);
}

}  // namespace llmgw
