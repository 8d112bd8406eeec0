// Our scheduler beside Boost.Fiber: what a switch and a short-lived fiber cost. See
// docs/decisions/001-fibers.md. Built where Boost.Fiber is installed.
#include <benchmark/benchmark.h>

#include <boost/fiber/all.hpp>

#include "net/loop.h"

namespace {

using namespace llmgw;

void ours_switch(benchmark::State& state) {
  net::Loop loop;
  loop.spawn([&] {
    for (auto _ : state) loop.yield();
    loop.quit();
  });
  loop.run();
}
BENCHMARK(ours_switch);

// Without the epoll call that a round makes: resuming another fiber and being resumed by it.
void ours_ping_pong(benchmark::State& state) {
  net::Loop loop;
  loop.spawn([&] {
    net::Event ping(loop), pong(loop);
    bool stop = false;
    loop.spawn([&] {
      while (!stop) {
        ping.wait(kNever);
        pong.notify_all();
      }
    });
    loop.yield();
    for (auto _ : state) {
      ping.notify_all();
      pong.wait(kNever);
    }
    stop = true;
    ping.notify_all();
    pong.wait(kNever);
    loop.quit();
  });
  loop.run();
}
BENCHMARK(ours_ping_pong);

void ours_spawn(benchmark::State& state) {
  net::Loop loop;
  loop.spawn([&] {
    for (auto _ : state) {
      loop.spawn([] {});
      loop.yield();
    }
    loop.quit();
  });
  loop.run();
}
BENCHMARK(ours_spawn);

void boost_switch(benchmark::State& state) {
  bool stop = false;
  boost::fibers::fiber other([&] {
    while (!stop) boost::this_fiber::yield();
  });
  for (auto _ : state) boost::this_fiber::yield();
  stop = true;
  other.join();
}
BENCHMARK(boost_switch);

void boost_ping_pong(benchmark::State& state) {
  boost::fibers::mutex mutex;
  boost::fibers::condition_variable ping, pong;
  int at = 0;
  bool stop = false;
  boost::fibers::fiber other([&] {
    std::unique_lock lock(mutex);
    while (!stop) {
      ping.wait(lock, [&] { return at == 1 || stop; });
      at = 0;
      pong.notify_one();
    }
  });
  {
    std::unique_lock lock(mutex);
    for (auto _ : state) {
      at = 1;
      ping.notify_one();
      pong.wait(lock, [&] { return at == 0; });
    }
    stop = true;
    ping.notify_one();
  }
  other.join();
}
BENCHMARK(boost_ping_pong);

void boost_spawn(benchmark::State& state) {
  for (auto _ : state) boost::fibers::fiber([] {}).join();
}
BENCHMARK(boost_spawn);

}  // namespace

BENCHMARK_MAIN();
