// Thousands of random worlds: configs, faults, requests, clients that leave. Each is one seed; on each the
// invariants below hold. A failing seed prints itself: LLMGW_SEED=N runs it alone and shows what happened,
// LLMGW_CASES=N runs that many.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

#include "tests/engine/random_world.h"
#include "tests/random_cases.h"

using namespace llmgw;
using namespace llmgw::engine;

TEST_CASE("every invariant holds in every random world") {
  if (const auto seed = one_seed()) {
    RandomWorld alone(*seed);
    const auto wrong = alone.run();
    std::printf("%s", alone.story().c_str());
    for (const auto& w : wrong) MESSAGE(w);
    CHECK(wrong.empty());
    return;
  }
  const uint64_t cases = random_cases(20'000);
  std::atomic<uint64_t> next{1}, calls{0}, meddled{0};
  std::mutex lock;  // guards failures
  std::vector<std::string> failures;
  auto work = [&] {
    for (uint64_t seed = next++; seed <= cases; seed = next++) {
      RandomWorld one(seed);
      const auto wrong = one.run();
      calls += one.calls();
      meddled += one.meddled();
      if (wrong.empty()) continue;
      const std::lock_guard guard(lock);
      failures.push_back("LLMGW_SEED=" + std::to_string(seed) + ": " + wrong.front());
    }
  };
  std::vector<std::thread> threads;
  const unsigned count = std::max(1u, std::thread::hardware_concurrency() / 2);
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  std::ranges::sort(failures);
  for (size_t i = 0; i < std::min<size_t>(failures.size(), 20); ++i) MESSAGE(failures[i]);
  CHECK(failures.size() == 0);
  CHECK(calls > cases);  // the worlds are not empty
  CHECK(meddled > cases / 10);
}

TEST_CASE("a seed runs the same way every time") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    RandomWorld first(seed), second(seed);
    first.run();
    second.run();
    CHECK(first.fingerprint() == second.fingerprint());
  }
}
