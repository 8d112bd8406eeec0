#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "store/mapped_ledger.h"
#include "store/memory_ledger.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

constexpr WallTime kNow{std::chrono::hours{24 * 20'000}};
constexpr Window kDay{kNow - 1h, kNow + 23h};

// A call of a key, its team, its customer and all.
std::vector<Level> levels_of(Ledger& ledger) {
  const std::string names[] = {"key a", "team t", "customer c", "all"};
  std::vector<Level> levels;
  const auto ids = ledger.accounts(names).value();
  for (const uint32_t id : ids) levels.push_back({id, {INT64_MAX / 2}, kDay});
  return levels;
}

void call(benchmark::State& state, Ledger& ledger, const std::vector<Level>& levels) {
  for (auto _ : state) {
    const auto held = ledger.reserve(levels, {1000}, kNow);
    if (!held) continue;  // faster than any provider: the disk has not caught up
    ledger.sent(*held);
    ledger.settle(*held, {700});
  }
}

MappedLedger& mapped() {
  static observe::Log log({.level = observe::Level::off});
  static SystemClock clock;
  static const std::string directory =
      std::filesystem::temp_directory_path() / ("llmgw-bench-" + std::to_string(::getpid()));
  static const auto ledger = MappedLedger::open(directory, log, clock).value();
  return *ledger;
}

void reserve_and_settle_in_memory(benchmark::State& state) {
  MemoryLedger ledger;
  call(state, ledger, levels_of(ledger));
}
BENCHMARK(reserve_and_settle_in_memory);

// A quarter of what the journal holds, so that no place is waited for.
void reserve_and_settle_in_a_file(benchmark::State& state) {
  call(state, mapped(), levels_of(mapped()));
}
BENCHMARK(reserve_and_settle_in_a_file)->Iterations(8000);
BENCHMARK(reserve_and_settle_in_a_file)->Iterations(2000)->Threads(4);

}  // namespace

BENCHMARK_MAIN();
