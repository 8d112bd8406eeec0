// What every ledger promises, and what the one in a file promises beyond it.
#include "store/ledger.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/random.h"
#include "store/ledger_file.h"
#include "store/ledger_journal.h"
#include "store/ledger_view.h"
#include "store/mapped_ledger.h"
#include "store/memory_ledger.h"
#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

const ManualClock kClock;
const WallTime kNow = kClock.wall();
const Window kDay{kNow - 1h, kNow + 23h};

observe::Log& quiet() {
  static observe::Log log({.level = observe::Level::off});
  return log;
}

std::unique_ptr<MappedLedger> opened(const std::string& directory) {
  auto ledger = MappedLedger::open(directory, quiet(), kClock, {.fold_every = 1h, .patience = 0ms});
  REQUIRE_MESSAGE(ledger, (ledger ? "" : ledger.error().message));
  return std::move(*ledger);
}

uint32_t account(Ledger& ledger, const std::string& name) {
  const std::string names[] = {name};
  return ledger.accounts(names).value().front();
}

Level level(Ledger& ledger, const std::string& name, int64_t limit, const Window& window = kDay) {
  return {account(ledger, name), {limit}, window};
}

std::expected<Reservation, Shortage> reserve(Ledger& ledger, std::vector<Level> levels, int64_t amount,
                                             WallTime now = kNow) {
  return ledger.reserve(levels, {amount}, now);
}

// Runs a promise on each of them.
void on_each(const std::function<void(Ledger&)>& promise) {
  SUBCASE("in memory") {
    MemoryLedger ledger;
    promise(ledger);
  }
  SUBCASE("in a file") {
    const TemporaryDirectory directory;
    promise(*opened(directory.path()));
  }
}

}  // namespace

TEST_CASE("money is taken from all levels or from none, to the last nano-dollar") {
  on_each([](Ledger& ledger) {
    const auto key = level(ledger, "key a", 100), team = level(ledger, "team t", 150);
    const auto first = reserve(ledger, {key, team}, 100);
    REQUIRE(first);
    const auto refused = reserve(ledger, {key, team}, 1);
    REQUIRE(!refused);
    CHECK(refused.error().level == 0);
    CHECK(refused.error().why == Shortage::Why::held);
    CHECK(refused.error().room.value == 0);
    CHECK(ledger.balance(team.account, kDay).reserved.value == 100);
    CHECK(reserve(ledger, {team}, 50));
    CHECK(!reserve(ledger, {team}, 1));
    ledger.settle(*first, {60});
    CHECK(ledger.balance(key.account, kDay).spent.value == 60);
    CHECK(ledger.balance(key.account, kDay).reserved.value == 0);
    CHECK(reserve(ledger, {key, team}, 40));
  });
}

TEST_CASE("a refusal names the tightest level that refuses, and what is left") {
  on_each([](Ledger& ledger) {
    const auto wide = level(ledger, "all", 1000), tight = level(ledger, "key a", 10),
               tighter = level(ledger, "key a provider p", 5);
    const auto refused = reserve(ledger, {wide, tight, tighter}, 11);
    REQUIRE(!refused);
    CHECK(refused.error().level == 2);
    CHECK(refused.error().why == Shortage::Why::spent);
    CHECK(refused.error().room.value == 5);
    const auto held = reserve(ledger, {tighter}, 5);
    REQUIRE(held);
    // It fits `tighter` but for others; `tight` it does not fit at all.
    CHECK(reserve(ledger, {tighter}, 3).error().why == Shortage::Why::held);
    CHECK(reserve(ledger, {wide, tight, tighter}, 11).error().why == Shortage::Why::spent);
  });
}

TEST_CASE("settling holds once; what is released or costs nothing is charged to nobody") {
  on_each([](Ledger& ledger) {
    const auto key = level(ledger, "key a", 100);
    const auto first = *reserve(ledger, {key}, 50);
    ledger.sent(first);
    ledger.settle(first, {20});
    ledger.settle(first, {20});
    ledger.release(first);
    CHECK(ledger.balance(key.account, kDay).spent.value == 20);
    CHECK(ledger.balance(key.account, kDay).reserved.value == 0);
    const auto second = *reserve(ledger, {key}, 50);
    ledger.release(second);
    // Its place may be another's by now.
    const auto third = *reserve(ledger, {key}, 80);
    ledger.settle(second, {50});
    CHECK(ledger.balance(key.account, kDay).spent.value == 20);
    CHECK(ledger.balance(key.account, kDay).reserved.value == 80);
    ledger.settle(third, {80});
    CHECK(ledger.balance(key.account, kDay).spent.value == 100);
    CHECK(ledger.counts().open == 0);
  });
}

TEST_CASE("what costs more than its bound is charged all the same, and counted") {
  on_each([](Ledger& ledger) {
    const auto key = level(ledger, "key a", 100);
    ledger.settle(*reserve(ledger, {key}, 10), {110});
    CHECK(ledger.balance(key.account, kDay).spent.value == 110);
    CHECK(ledger.counts().overruns == 1);
    const auto refused = reserve(ledger, {key}, 1);
    REQUIRE(!refused);
    CHECK(refused.error().room.value == 0);
  });
}

TEST_CASE("a window begins with nothing spent, and an old call is charged to its own") {
  on_each([](Ledger& ledger) {
    const Window next{kDay.end, kDay.end + 24h};
    const auto today = level(ledger, "key a", 100);
    const auto tomorrow = Level{today.account, {100}, next};
    const auto late = *reserve(ledger, {today}, 100);
    CHECK(reserve(ledger, {tomorrow}, 100, next.begin));
    ledger.settle(late, {100});
    CHECK(ledger.balance(today.account, next).spent.value == 0);
    CHECK(ledger.balance(today.account, next).reserved.value == 100);
  });
}

TEST_CASE("another window begins with what was spent within it") {
  on_each([](Ledger& ledger) {
    const auto day = level(ledger, "key a", 100);
    ledger.settle(*reserve(ledger, {day}, 70), {70});
    const Window month{kDay.begin - 48h, kDay.end + 48h};
    CHECK(!reserve(ledger, {Level{day.account, {100}, month}}, 31));
    CHECK(reserve(ledger, {Level{day.account, {100}, month}}, 30));
    // An hour knows nothing of what its day has spent.
    CHECK(reserve(ledger, {Level{day.account, {100}, {kNow, kNow + 1h}}}, 100));
  });
}

TEST_CASE("threads together spend a budget whole, and not a nano-dollar more") {
  on_each([](Ledger& ledger) {
    const auto key = level(ledger, "key a", 100'000), all = level(ledger, "all", 90'000);
    std::atomic<int64_t> spent{0};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Random random(t);
        for (int i = 0; i < 20'000; ++i) {
          const auto held = reserve(ledger, {key, all}, 10);
          if (!held) continue;
          ledger.sent(*held);
          const auto cost = static_cast<int64_t>(random.below(11));
          ledger.settle(*held, {cost});
          spent += cost;
          CHECK(ledger.balance(all.account, kDay).spent.value <= 90'000);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(ledger.balance(all.account, kDay).spent.value == spent);
    CHECK(spent > 89'990 - 1);
    CHECK(ledger.balance(all.account, kDay).reserved.value == 0);
  });
}

TEST_CASE("a ledger without a free place refuses and says that it is not the money") {
  MemoryLedger small(1);
  const auto key = level(small, "key a", 100);
  CHECK(reserve(small, {key}, 1));
  CHECK(reserve(small, {key}, 1).error().why == Shortage::Why::full);

  const TemporaryDirectory directory;
  const auto ledger = opened(directory.path());
  const auto other = level(*ledger, "key a", 1'000'000);
  for (uint32_t i = 0; i < LedgerFile::kSlots; ++i) {
    const auto held = reserve(*ledger, {other}, 1);
    REQUIRE(held);
    if (i % 2 == 0) ledger->settle(*held, {1});
  }
  // Half of them are settled, and free once they are in ledger.db.
  REQUIRE(ledger->fold());
  CHECK(reserve(*ledger, {other}, 1));
  CHECK(ledger->balance(other.account, kDay).spent.value == LedgerFile::kSlots / 2);
}

TEST_CASE("what was spent is known after a restart, also by who only reads") {
  const TemporaryDirectory directory;
  CHECK(read_ledger(directory.path(), kNow).value().empty());
  {
    const auto ledger = opened(directory.path());
    const auto key = level(*ledger, "key a", 100);
    ledger->settle(*reserve(*ledger, {key}, 50), {40});
    REQUIRE(ledger->fold());
    ledger->settle(*reserve(*ledger, {key}, 50), {2});
    const auto open = reserve(*ledger, {key}, 7);
    const auto rows = read_ledger(directory.path(), kNow).value();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].account == "key a");
    CHECK(rows[0].spent.value == 42);
    CHECK(rows[0].reserved.value == 7);
  }
  const auto again = opened(directory.path());
  CHECK(again->balance(account(*again, "key a"), kDay).spent.value == 42);
  CHECK(read_ledger(directory.path(), kDay.end).value().empty());
}

TEST_CASE("one process at a time keeps a ledger") {
  const TemporaryDirectory directory;
  const auto ledger = opened(directory.path());
  const auto second = MappedLedger::open(directory.path(), quiet(), kClock, {.patience = 0ms});
  REQUIRE(!second);
  CHECK(second.error().message.find("another llmgw keeps the budgets") != std::string::npos);
}

TEST_CASE("a damaged or foreign file is refused, not forgotten") {
  const TemporaryDirectory directory, other;
  opened(directory.path()).reset();
  opened(other.path()).reset();
  std::filesystem::rename(other.file("ledger.journal"), directory.file("ledger.journal"));
  auto foreign = MappedLedger::open(directory.path(), quiet(), kClock);
  REQUIRE(!foreign);
  CHECK(foreign.error().message.find("belongs to another ledger.db") != std::string::npos);
  std::filesystem::resize_file(directory.file("ledger.journal"), 100);
  CHECK(!MappedLedger::open(directory.path(), quiet(), kClock));
}

// ThreadSanitizer lets no forked process start a thread.
#ifndef __SANITIZE_THREAD__
TEST_CASE("whenever a process is killed, what it sent is charged, what it settled is, and nothing twice") {
  const TemporaryDirectory directory;
  int64_t expected = 0;
  for (int round = 0; round < 30; ++round) {
    CAPTURE(round);
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      // It reserves, sends and settles, tells what it did, and is killed in the midst of it.
      observe::Log log({.level = observe::Level::off});
      auto ledger = MappedLedger::open(directory.path(), log, kClock, {.fold_every = 1ms, .patience = 5s});
      if (!ledger) ::_exit(1);
      const std::string names[] = {"key a"};
      const Level key{(*ledger)->accounts(names).value().front(), {INT64_MAX / 2}, kDay};
      const Level levels[] = {key};
      for (;;) {
        const auto held = (*ledger)->reserve(levels, {10}, kNow);
        if (!held) continue;
        (*ledger)->sent(*held);
        (*ledger)->settle(*held, {3});
        if (::write(pipe_ends[1], "x", 1) != 1) ::_exit(2);
      }
    }
    ::close(pipe_ends[1]);
    // Some rounds end at once, some after the ledger was folded a few times.
    char bytes[256];
    int64_t told = 0;
    const int64_t enough = 1 + round * 40;
    while (told < enough) {
      const auto n = ::read(pipe_ends[0], bytes, std::min<size_t>(sizeof bytes, enough - told));
      REQUIRE(n > 0);
      told += n;
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    for (ssize_t n; (n = ::read(pipe_ends[0], bytes, sizeof bytes)) > 0;) told += n;
    ::close(pipe_ends[0]);
    const auto ledger = opened(directory.path());
    const int64_t spent = ledger->balance(account(*ledger, "key a"), kDay).spent.value;
    // The call that it was at is charged not at all, what it cost, or its whole reservation.
    const int64_t last = spent - expected - 3 * told;
    CHECK((last == 0 || last == 3 || last == 10));
    expected = spent;
  }
}

#endif

TEST_CASE("the journal of a process that died says of each slot what was stored last") {
  std::vector<uint64_t> words(4 * LedgerJournal::kWordsPerSlot);
  LedgerJournal journal(words);
  const Level levels[] = {{7, {100}, kDay}, {8, {100}, kDay}};
  journal.reserve(1, 41, {10}, levels);
  journal.reserve(2, 42, {20}, levels);
  CHECK(journal.sent(2, 42));
  CHECK(!journal.sent(2, 41));
  journal.reserve(3, 43, {30}, levels);
  CHECK(journal.sent(3, 43));
  CHECK(journal.settle(3, 43, {29}, 5));
  CHECK(!journal.settle(3, 43, {1}, 6));
  const LedgerJournal after(words);
  CHECK(after.read(0).state == JournalEntry::State::free);
  CHECK(after.read(1).charge().value == 0);
  CHECK(after.read(2).charge().value == 20);
  CHECK(after.read(3).charge().value == 29);
  CHECK(after.read(3).sequence == 5);
  REQUIRE(after.read(3).parts.size() == 2);
  CHECK(after.read(3).parts[1].account == 8);
  CHECK(after.read(3).parts[1].window == kDay);
  // A bit that fell over is no entry.
  words[3 * LedgerJournal::kWordsPerSlot + 7] ^= 1;
  CHECK(after.read(3).state == JournalEntry::State::free);
}
