#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "store/mapped_rests.h"

using namespace llmgw;

namespace {

const std::string kName = "key:" + std::string(64, 'a') + ":gpt-4o-mini-2024-07-18";

std::unique_ptr<store::MappedRests> table(int others) {
  const std::string directory =
      std::filesystem::temp_directory_path() / ("llmgw-bench-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  auto rests = store::MappedRests::open(directory, SystemClock{}.wall()).value();
  std::filesystem::remove_all(directory);
  for (int i = 0; i < others; ++i) {
    rests->begin("key:other" + std::to_string(i), ErrorClass::auth, 1h, SystemClock{}.wall());
  }
  return rests;
}

void get_nothing(benchmark::State& state) {
  const auto rests = table(static_cast<int>(state.range(0)));
  const WallTime now = SystemClock{}.wall();
  for (auto _ : state) benchmark::DoNotOptimize(rests->get(kName, now));
}
BENCHMARK(get_nothing)->Arg(0)->Arg(1000);

void get_a_rest(benchmark::State& state) {
  const auto rests = table(static_cast<int>(state.range(0)));
  const WallTime now = SystemClock{}.wall();
  rests->begin(kName, ErrorClass::rate_limit, 1h, now);
  for (auto _ : state) benchmark::DoNotOptimize(rests->get(kName, now));
}
BENCHMARK(get_a_rest)->Arg(0)->Arg(1000);

void answered_with_nothing_to_forget(benchmark::State& state) {
  const auto rests = table(1000);
  for (auto _ : state) rests->answered(kName);
}
BENCHMARK(answered_with_nothing_to_forget);

void begin_again(benchmark::State& state) {
  const auto rests = table(1000);
  const WallTime now = SystemClock{}.wall();
  for (auto _ : state) benchmark::DoNotOptimize(rests->begin(kName, ErrorClass::rate_limit, 1h, now));
}
BENCHMARK(begin_again);

}  // namespace

BENCHMARK_MAIN();
