#pragma once

#include <atomic>
#include <cstdint>

namespace llmgw::routing {

// How many tokens a target counts where we estimate one, learned from its own usage. Lock-free; concurrent
// writers may lose a sample.
class TokenScale {
 public:
  // Whether the next call is to be estimated: an estimate costs a walk through the prompt.
  bool wants_sample();
  void learn(int64_t estimated, int64_t counted);
  // 1 while too little is known.
  double factor() const;

 private:
  static constexpr uint32_t kFirst = 8, kEach = 32, kEnough = 4;
  static constexpr double kWeight = 1.0 / 8, kMost = 4;  // of the newest sample; further off it is no text

  std::atomic<uint32_t> calls_{0}, samples_{0};
  std::atomic<double> factor_{1};
};

}  // namespace llmgw::routing
