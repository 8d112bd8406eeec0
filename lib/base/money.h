#pragma once

#include <cstdint>

namespace llmgw {

// Nano-dollars: what a call costs. 2^63 of them are 9.2 billion dollars.
struct NanoUsd {
  int64_t value = 0;
  friend auto operator<=>(NanoUsd, NanoUsd) = default;
  friend constexpr NanoUsd operator+(NanoUsd a, NanoUsd b) { return {a.value + b.value}; }
  friend constexpr NanoUsd operator-(NanoUsd a, NanoUsd b) { return {a.value - b.value}; }
};

// Pico-dollars: the price of one token. A dollar per million tokens is 1,000,000 of them.
struct PicoUsd {
  int64_t value = 0;
  friend auto operator<=>(PicoUsd, PicoUsd) = default;
};

// For what people read; money is never computed with it.
constexpr double to_usd(NanoUsd n) {
  return static_cast<double>(n.value) / 1e9;
}

}  // namespace llmgw
