#include "store/log_writer.h"

#include <doctest/doctest.h>

#include <thread>

#include "store/memory_request_log.h"
#include "store/sqlite/request_history.h"
#include "store/sqlite/request_log.h"
#include "tests/store/records.h"
#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

const WallTime kStart = ManualClock{}.wall();

observe::Log& quiet() {
  static observe::Log log({.level = observe::Level::off, .colour = {}});
  return log;
}

// A log whose disk is slow, or full.
class TroubledLog final : public RequestLog {
 public:
  Result<void> append(std::span<const RequestRecord> records) override {
    while (held) std::this_thread::sleep_for(1ms);
    if (full) return fail(ErrorClass::server_error, "disk full");
    written += records.size();
    ++batches;
    largest = std::max(largest, records.size());
    for (const auto& r : records) bodies += !r.request_body.empty();
    return {};
  }
  Result<bool> trim(const Retention& retention, WallTime) override {
    kept = retention.keep;
    return ++trims % 3 != 0;
  }
  std::atomic<bool> held = false, full = false;
  std::atomic<size_t> written = 0, batches = 0, bodies = 0, trims = 0;
  std::atomic<Duration> kept{};
  size_t largest = 0;
};

}  // namespace

TEST_CASE("what is offered is written, from any number of threads") {
  MemoryRequestLog log;
  SystemClock clock;
  LogWriter writer(log, quiet(), clock, {.queue = 1 << 14});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Random random(static_cast<uint64_t>(t));
      for (int i = 0; i < 2000; ++i) writer.offer(answered_record(random, kStart));
    });
  }
  for (auto& thread : threads) thread.join();
  writer.flush();
  CHECK(log.last_row().value() == 8000);
  CHECK(writer.dropped() == 0);
}

TEST_CASE("stop writes what is queued; what comes later is dropped and counted") {
  const TemporaryDirectory directory;
  sqlite::SqliteRequestLog log(directory.path(), quiet());
  SystemClock clock;
  Random random(1);
  LogWriter writer(log, quiet(), clock, {});
  for (int i = 0; i < 1000; ++i) CHECK(writer.offer(answered_record(random, kStart)));
  writer.stop();
  CHECK(sqlite::SqliteRequestHistory::open(directory.path()).value()->last_row().value() == 1000);
  CHECK_FALSE(writer.offer(answered_record(random, kStart)));
  CHECK(writer.dropped() == 1);
}

TEST_CASE("one request is written soon, without another to push it") {
  MemoryRequestLog log;
  SystemClock clock;
  Random random(1);
  LogWriter writer(log, quiet(), clock, {.gather = 5ms});
  std::this_thread::sleep_for(20ms);
  writer.offer(answered_record(random, kStart));
  for (int i = 0; i < 500 && log.last_row().value() == 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(log.last_row().value() == 1);
}

TEST_CASE("a full queue refuses at once and counts; batches are bounded") {
  TroubledLog log;
  SystemClock clock;
  Random random(1);
  {
    LogWriter writer(log, quiet(), clock, {.queue = 64, .batch = 16, .gather = 1ms});
    log.held = true;
    size_t refused = 0;
    for (int i = 0; i < 1000; ++i) refused += !writer.offer(answered_record(random, kStart));
    CHECK(refused >= 1000 - 64 - 16);
    CHECK(writer.dropped() == refused);
    log.held = false;
    writer.stop();
    CHECK(log.written + refused == 1000);
  }
  CHECK(log.largest <= 16);
}

TEST_CASE("bodies that wait are bounded; their requests are logged all the same") {
  TroubledLog log;
  SystemClock clock;
  Random random(1);
  LogWriter writer(log, quiet(), clock, {.max_queued_bodies = 10'000});
  log.held = true;
  for (int i = 0; i < 100; ++i) {
    auto r = answered_record(random, kStart);
    r.request_body = std::string(1000, 'x');
    CHECK(writer.offer(std::move(r)));
  }
  log.held = false;
  writer.stop();
  CHECK(log.written == 100);
  CHECK(log.bodies >= 10);
  CHECK(log.bodies < 60);
}

TEST_CASE("a full disk costs what comes meanwhile, counted, and nothing more") {
  TroubledLog log;
  SystemClock clock;
  Random random(1);
  LogWriter writer(log, quiet(), clock, {});
  log.full = true;
  for (int i = 0; i < 10; ++i) writer.offer(answered_record(random, kStart));
  writer.flush();
  CHECK(writer.dropped() == 10);
  log.full = false;
  for (int i = 0; i < 5; ++i) writer.offer(answered_record(random, kStart));
  writer.flush();
  CHECK(log.written == 5);
  CHECK(writer.dropped() == 10);
}

TEST_CASE("retention runs in steps, with what was set last") {
  TroubledLog log;
  SystemClock clock;
  Random random(1);
  LogWriter writer(log, quiet(), clock, {.gather = 1ms, .trim_every = 1ms});
  writer.set_retention({.keep = 77h});
  for (int i = 0; i < 500 && (log.trims < 3 || log.kept.load() != 77h); ++i) {
    writer.offer(answered_record(random, kStart));
    std::this_thread::sleep_for(5ms);
  }
  CHECK(log.trims >= 3);
  CHECK(log.kept.load() == Duration(77h));
}
