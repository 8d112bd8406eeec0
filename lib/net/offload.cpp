#include "net/offload.h"

namespace llmgw::net {

WorkerPool::WorkerPool(int threads, size_t lane) : lane_(lane) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard guard(lock_);
    stopping_ = true;
  }
  more_.notify_all();
  for (auto& thread : threads_) thread.join();
}

Result<void> WorkerPool::run(Scheduler& scheduler, std::function<void()> job, TimePoint deadline) {
  struct Waiter {
    Event event;
    bool done = false;
    std::string fault;  // what the job threw
  };
  auto waiter = std::make_shared<Waiter>(Event(scheduler));
  const bool taken = submit([job = std::move(job), &scheduler, waiter] {
    try {
      job();
    } catch (const std::exception& e) {
      waiter->fault = std::string("an internal error: ") + e.what();
    }
    scheduler.post([waiter] {
      waiter->done = true;
      waiter->event.notify_all();
    });
  });
  if (!taken) return fail(ErrorClass::overloaded, "too many jobs wait for a worker thread");
  while (!waiter->done) {
    if (const Wake why = waiter->event.wait(deadline); why != Wake::ready) {
      return fail(wait_error(why, "waiting for a worker thread"));
    }
  }
  if (!waiter->fault.empty()) return fail(ErrorClass::server_error, waiter->fault);
  return {};
}

bool WorkerPool::submit(std::function<void()> job) {
  {
    const std::lock_guard guard(lock_);
    if (jobs_.size() >= lane_) return false;
    jobs_.push_back(std::move(job));
  }
  more_.notify_one();
  return true;
}

void WorkerPool::work() {
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock guard(lock_);
      more_.wait(guard, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace llmgw::net
