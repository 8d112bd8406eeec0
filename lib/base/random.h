#pragma once

#include <cstdint>
#include <string_view>

namespace llmgw {

// A seeded stream of random numbers (xoshiro256++, Blackman and Vigna 2019). Not for
// secrets. Not thread-safe: each loop and each simulated part has its own.
class Random {
 public:
  explicit Random(uint64_t seed);

  uint64_t next();
  // Uniform in [0, bound); 0 when bound is 0.
  uint64_t below(uint64_t bound);
  // Uniform in [0, 1).
  double unit();

  // A stream of its own for a part of a system, so that what one part draws does not
  // shift what another sees.
  Random stream(std::string_view part);

 private:
  uint64_t state_[4];
};

// A seed from the operating system. For main() and tests, not for the engine.
uint64_t entropy();

}  // namespace llmgw
