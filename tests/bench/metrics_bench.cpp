#include "observe/metrics.h"

#include <benchmark/benchmark.h>

#include "tests/store/records.h"

using namespace llmgw;

namespace {

void record_an_answer(benchmark::State& state) {
  observe::Metrics metrics("test");
  auto& shard = metrics.shard();
  Random random(1);
  const auto r = answered_record(random, SystemClock{}.wall());
  for (auto _ : state) shard.record(r);
}
BENCHMARK(record_an_answer);

void record_a_rescue(benchmark::State& state) {
  observe::Metrics metrics("test");
  auto& shard = metrics.shard();
  Random random(1);
  const auto r = rescued_record(random, SystemClock{}.wall(), ErrorClass::rate_limit);
  for (auto _ : state) shard.record(r);
}
BENCHMARK(record_a_rescue);

void scrape(benchmark::State& state) {
  observe::Metrics metrics("test");
  Random random(1);
  auto r = answered_record(random, SystemClock{}.wall());
  for (int s = 0; s < 4; ++s) {
    auto& shard = metrics.shard();
    for (int i = 0; i < 200; ++i) {
      r.attempts[0].model = "model-" + std::to_string(i);
      shard.record(r);
    }
  }
  for (auto _ : state) benchmark::DoNotOptimize(metrics.text());
}
BENCHMARK(scrape);

}  // namespace

BENCHMARK_MAIN();
