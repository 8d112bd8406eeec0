#include "routing/gate.h"

namespace llmgw::routing {

bool Gate::try_enter() {
  int inside = inside_.load(std::memory_order_relaxed);
  const int most = most_.load(std::memory_order_relaxed);
  do {
    if (inside >= most) return false;
  } while (!inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_acquire));
  return true;
}

Result<void> Gate::enter(net::Scheduler& scheduler, TimePoint deadline) {
  if (queued_.load() == 0 && try_enter()) return {};
  auto waiter = std::make_shared<Waiter>(&scheduler, net::Event(scheduler));
  {
    const std::lock_guard guard(lock_);
    waiting_.push_back(waiter);
    queued_.fetch_add(1);
  }
  admit();  // one may have left between the look and the queue
  while (!waiter->admitted) {
    const net::Wake why = waiter->event.wait(deadline);
    if (why == net::Wake::ready || waiter->admitted) continue;
    leave_queue(waiter);
    if (why == net::Wake::cancelled) return fail(net::wait_error(why, "queueing for the provider"));
    return fail(ErrorClass::overloaded,
                "max_concurrency, " + std::to_string(most_.load()) + ", calls to the provider are under way",
                503);
  }
  return {};
}

void Gate::leave_queue(const std::shared_ptr<Waiter>& waiter) {
  waiter->left = true;  // a place that is on its way is passed on
  const std::lock_guard guard(lock_);
  if (std::erase(waiting_, waiter) > 0) queued_.fetch_sub(1);
}

void Gate::leave() {
  inside_.fetch_sub(1, std::memory_order_release);
  if (queued_.load() > 0) admit();
}

void Gate::resize(int most) {
  most_.store(most, std::memory_order_relaxed);
  if (queued_.load() > 0) admit();
}

// Those at the head of the queue, as many as there are places.
void Gate::admit() {
  for (;;) {
    std::shared_ptr<Waiter> next;
    {
      const std::lock_guard guard(lock_);
      if (waiting_.empty() || !try_enter()) return;
      next = std::move(waiting_.front());
      waiting_.pop_front();
      queued_.fetch_sub(1);
    }
    next->scheduler->post([this, next] {
      if (next->left) {
        leave();
        return;
      }
      next->admitted = true;
      next->event.notify_all();
    });
  }
}

}  // namespace llmgw::routing
