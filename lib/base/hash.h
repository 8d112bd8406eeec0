#pragma once

#include <cstdint>
#include <string_view>

namespace llmgw {

// FNV-1a with a final mix. Stable across processes and releases: it is stored. Not for
// anything an attacker may choose to collide; use sha256() there.
constexpr uint64_t hash64(std::string_view bytes) {
  uint64_t h = 0xcbf29ce484222325;
  for (char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93;
  h ^= h >> 32;
  return h;
}

}  // namespace llmgw
