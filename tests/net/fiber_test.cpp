#include "net/fiber.h"

#include <sys/mman.h>

#include <doctest/doctest.h>

#include "base/random.h"
#include "net/offload.h"
#include "tests/net/on_loop.h"

using namespace llmgw;
using namespace llmgw::net;

namespace {

void on_loop(const std::function<void(Loop&)>& body) {
  Loop loop;
  run_on(loop, [&] { body(loop); });
}

// Uses 24 KiB of stack; tells where they began.
[[gnu::noinline]] uintptr_t go_deep() {
  volatile char room[24 << 10];
  for (size_t i = 0; i < sizeof room; i += 512) room[i] = 1;
  return reinterpret_cast<uintptr_t>(&room[0]);
}

bool resident(uintptr_t address) {
  constexpr uintptr_t kPage = 4096;
  unsigned char in_memory = 0;
  return mincore(reinterpret_cast<void*>(address & ~(kPage - 1)), kPage, &in_memory) == 0 &&
         (in_memory & 1) != 0;
}

}  // namespace

TEST_CASE("a wait ends by its deadline, by being resumed, or by being cancelled") {
  on_loop([](Loop& loop) {
    const TimePoint begin = loop.now();
    CHECK(loop.sleep_until(after(begin, 5ms)) == Wake::timeout);
    CHECK(loop.now() - begin >= 5ms);

    Wake seen = Wake::timeout;
    Fiber* waiter = loop.spawn([&] { seen = loop.suspend(kNever); });
    loop.yield();
    CHECK(loop.resume(waiter));
    CHECK_FALSE(loop.resume(waiter));
    loop.yield();
    CHECK(seen == Wake::ready);

    waiter = loop.spawn([&] { seen = loop.suspend(kNever); });
    loop.yield();
    loop.cancel(waiter, CancelCause::client);
    loop.yield();
    CHECK(seen == Wake::cancelled);
  });
}

TEST_CASE("a cancelled fiber's waits end at once, but for those under a shield") {
  on_loop([](Loop& loop) {
    std::vector<Wake> seen;
    Fiber* fiber = loop.spawn([&] {
      seen.push_back(loop.suspend(kNever));
      seen.push_back(loop.suspend(kNever));
      {
        const Scheduler::Shield shield(loop);
        seen.push_back(loop.sleep_until(after(loop.now(), 1ms)));
      }
      CHECK(loop.cancelled_by(CancelCause::raced));
      loop.uncancel(loop.Scheduler::current(), CancelCause::raced);
      seen.push_back(loop.sleep_until(after(loop.now(), 1ms)));
    });
    loop.yield();
    loop.cancel(fiber, CancelCause::raced);
    await_others(loop);
    CHECK(seen == std::vector{Wake::cancelled, Wake::cancelled, Wake::timeout, Wake::timeout});
  });
}

TEST_CASE("an earlier deadline of an earlier wait does not end a later one") {
  on_loop([](Loop& loop) {
    const TimePoint begin = loop.now();
    Fiber* self = loop.Scheduler::current();
    loop.spawn([&] { loop.resume(self); });
    CHECK(loop.suspend(after(begin, 2ms)) == Wake::ready);
    CHECK(loop.suspend(after(begin, 20ms)) == Wake::timeout);
    CHECK(loop.now() - begin >= 20ms);
  });
}

TEST_CASE("an event wakes who waits longest, and passes over who has given up") {
  on_loop([](Loop& loop) {
    Event event(loop);
    std::string order;
    loop.spawn([&] { order += event.wait(after(loop.now(), 1ms)) == Wake::timeout ? "t" : "a"; });
    loop.spawn([&] { order += event.wait(kNever) == Wake::ready ? "b" : "?"; });
    loop.spawn([&] { order += event.wait(kNever) == Wake::ready ? "c" : "?"; });
    loop.sleep_until(after(loop.now(), 5ms));
    event.notify_one();
    loop.yield();
    CHECK(order == "tb");
    event.notify_all();
    loop.yield();
    CHECK(order == "tbc");
    CHECK_FALSE(event.anyone());
  });
}

TEST_CASE("alarms fire in their order, whatever the order of arming and disarming") {
  struct Note final : Alarm {
    void fire() override { fired->push_back(number); }
    std::vector<int>* fired = nullptr;
    int number = 0;
  };
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    AlarmQueue queue;
    std::vector<Note> notes(100);
    std::vector<int> fired;
    for (int i = 0; i < 100; ++i) {
      notes[static_cast<size_t>(i)].fired = &fired;
      notes[static_cast<size_t>(i)].number = i;
    }
    std::vector<std::pair<int64_t, int>> expected;
    for (auto& note : notes) {
      queue.arm(note, TimePoint{} + Duration(random.below(1000)));
      if (random.below(3) == 0) queue.arm(note, TimePoint{} + Duration(random.below(1000)));
      if (random.below(4) == 0) queue.disarm(note);
      if (note.armed()) expected.emplace_back(note.due().time_since_epoch().count(), note.number);
    }
    std::vector<int64_t> dues;
    while (!queue.empty()) {
      const TimePoint next = queue.next();
      Alarm* alarm = queue.pop(next);
      REQUIRE(alarm != nullptr);
      dues.push_back(alarm->due().time_since_epoch().count());
      alarm->fire();
    }
    CHECK(fired.size() == expected.size());
    CHECK(std::is_sorted(dues.begin(), dues.end()));
  }
}

TEST_CASE("ten thousand fibers come and go on a few stacks' worth of memory") {
  on_loop([](Loop& loop) {
    int ended = 0;
    for (int batch = 0; batch < 100; ++batch) {
      for (int i = 0; i < 100; ++i) {
        loop.spawn([&] {
          loop.sleep_until(after(loop.now(), 10us));
          ++ended;
        });
      }
      while (loop.live() > 1) loop.sleep_until(after(loop.now(), 100us));
    }
    CHECK(ended == 10'000);
  });
}

TEST_CASE("a job runs off the loop, and a fiber that stops waiting leaves it behind") {
  WorkerPool workers(1, 2);
  on_loop([&](Loop& loop) {
    auto thread = std::make_shared<std::thread::id>();
    REQUIRE(workers.run(loop, [thread] { *thread = std::this_thread::get_id(); }, kNever));
    CHECK(*thread != std::this_thread::get_id());

    auto finished = std::make_shared<std::atomic<bool>>(false);
    const auto slow = workers.run(
        loop,
        [finished] {
          std::this_thread::sleep_for(30ms);
          *finished = true;
        },
        after(loop.now(), 5ms));
    CHECK(slow.error().error_class == ErrorClass::timeout);
    CHECK_FALSE(*finished);
    while (!*finished) loop.sleep_until(after(loop.now(), 1ms));
  });
}

TEST_CASE("a fiber that sheds its stack keeps its frames, and gives back what deeper calls had taken") {
  on_loop([](Loop& loop) {
    const std::string kept = "what stands in a frame, longer than any small string";
    const uintptr_t deep = go_deep();
    CHECK(resident(deep));
    loop.shed_stack();
    CHECK_FALSE(resident(deep));
    CHECK(loop.sleep_until(after(loop.now(), 1ms)) == Wake::timeout);
    CHECK(kept == "what stands in a frame, longer than any small string");
    go_deep();
  });
}
