#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "net/fiber.h"

namespace llmgw::net {

// Runs what would block (files, SQLite) away from the fibers.
class Offload {
 public:
  virtual ~Offload() = default;
  // Runs `job` elsewhere and suspends the current fiber, one of the scheduler's, until it has ended. The job
  // owns its inputs and its result: a fiber whose wait ends early (timeout, cancelled) leaves it behind,
  // running. Fails with overloaded, at once, when the lane is full. As run(), but nobody waits; false when
  // the lane is full.
  virtual bool submit(std::function<void()> job) = 0;
  virtual Result<void> run(Scheduler&, std::function<void()> job, TimePoint deadline) = 0;
};

// A bounded lane of jobs for a few threads. Shared by all loops.
class WorkerPool final : public Offload {
 public:
  WorkerPool(int threads, size_t lane);
  ~WorkerPool() override;
  bool submit(std::function<void()> job) override;
  Result<void> run(Scheduler&, std::function<void()> job, TimePoint deadline) override;

 private:
  void work();
  const size_t lane_;
  std::mutex lock_;  // guards jobs_, stopping_
  std::condition_variable more_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace llmgw::net
