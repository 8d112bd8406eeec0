#include "net/fiber.h"

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <cassert>

#include "net/sanitizer.h"

namespace llmgw::net {

namespace context = boost::context;

class Fiber final : public Alarm {
 public:
  explicit Fiber(Scheduler& scheduler) : scheduler_(scheduler) {}

  // A deadline has come. It may be one of an earlier wait, left armed because moving an
  // alarm costs more than looking again.
  void fire() override {
    if (!waiting_) return;
    if (deadline_ <= scheduler_.now()) {
      wake(Wake::timeout);
    } else if (deadline_ != kNever) {
      scheduler_.arm(*this, deadline_);
    }
  }

  void wake(Wake why) {
    waiting_ = false;
    woken_ = why;
    scheduler_.ready_.push_back(this);
  }

  Scheduler& scheduler_;
  std::function<void()> body_;
  context::fiber context_;  // where to go on; empty while it runs
  context::fiber scheduler_context_;
  TimePoint deadline_ = kNever;
  bool waiting_ = false;
  bool ended_ = false;
  Wake woken_ = Wake::ready;
  uint8_t cancelled_ = 0;  // CancelCause bits
  int shields_ = 0;
  context::stack_context stack_;
  SanitizerFiber sanitizer_;
};

namespace {

// Gives context::fiber a stack that the pool owns.
struct PooledStack {
  StackPool* pool;
  context::stack_context allocate() { return pool->take(); }
  void deallocate(context::stack_context& stack) { pool->give_back(stack); }
};

}  // namespace

Scheduler::Scheduler() = default;

Scheduler::~Scheduler() {
  assert(live_ == 0 && "fibers outlive their scheduler");
}

Fiber* Scheduler::spawn(std::function<void()> body) {
  Fiber* fiber = nullptr;
  if (idle_.empty()) {
    all_.push_back(std::make_unique<Fiber>(*this));
    fiber = all_.back().get();
  } else {
    fiber = idle_.back();
    idle_.pop_back();
  }
  fiber->body_ = std::move(body);
  fiber->ended_ = false;
  fiber->waiting_ = false;
  fiber->cancelled_ = 0;
  fiber->shields_ = 0;
  fiber->woken_ = Wake::ready;
  const auto stack = fiber->stack_ = stacks_.take();
  fiber->sanitizer_.create(static_cast<char*>(stack.sp) - stack.size, stack.size);
  fiber->context_ = context::fiber(std::allocator_arg, context::preallocated(stack.sp, stack.size, stack),
                                   PooledStack{&stacks_}, [fiber](context::fiber&& scheduler) {
                                     fiber->sanitizer_.entered();
                                     fiber->scheduler_context_ = std::move(scheduler);
                                     fiber->body_();
                                     fiber->ended_ = true;
                                     fiber->sanitizer_.leaving(true);
                                     return std::move(fiber->scheduler_context_);
                                   });
  ++live_;
  ready_.push_back(fiber);
  return fiber;
}

void Scheduler::switch_to(Fiber* fiber) {
  current_ = fiber;
  fiber->sanitizer_.entering();
  fiber->context_ = std::move(fiber->context_).resume();
  fiber->sanitizer_.back();
  current_ = nullptr;
  if (!fiber->ended_) return;
  fiber->context_ = {};
  fiber->body_ = nullptr;
  fiber->sanitizer_.destroy();
  alarms_.disarm(*fiber);
  idle_.push_back(fiber);
  --live_;
}

void Scheduler::switch_out() {
  Fiber* fiber = current_;
  fiber->sanitizer_.leaving(false);
  fiber->scheduler_context_ = std::move(fiber->scheduler_context_).resume();
  fiber->sanitizer_.entered();
}

Wake Scheduler::suspend(TimePoint deadline) {
  Fiber* fiber = current_;
  assert(fiber != nullptr && "only a fiber can wait");
  if (fiber->cancelled_ != 0 && fiber->shields_ == 0) return Wake::cancelled;
  fiber->deadline_ = deadline;
  fiber->waiting_ = true;
  if (deadline != kNever && (!fiber->armed() || fiber->due() > deadline)) alarms_.arm(*fiber, deadline);
  switch_out();
  return fiber->woken_;
}

bool Scheduler::resume(Fiber* fiber) {
  if (!fiber->waiting_) return false;
  fiber->wake(Wake::ready);
  return true;
}

void Scheduler::yield() {
  ready_.push_back(current_);
  switch_out();
}

void Scheduler::cancel(Fiber* fiber, CancelCause cause) {
  fiber->cancelled_ |= static_cast<uint8_t>(cause);
  if (fiber->waiting_ && fiber->shields_ == 0) fiber->wake(Wake::cancelled);
}

void Scheduler::uncancel(Fiber* fiber, CancelCause cause) {
  fiber->cancelled_ &= static_cast<uint8_t>(~static_cast<uint8_t>(cause));
}

void Scheduler::shed_stack() {
  shed_below(__builtin_frame_address(0), current_->stack_);
}

bool Scheduler::cancelled() const {
  return current_ != nullptr && current_->cancelled_ != 0;
}

bool Scheduler::cancelled_by(CancelCause cause) const {
  return current_ != nullptr && (current_->cancelled_ & static_cast<uint8_t>(cause)) != 0;
}

Scheduler::Shield::Shield(Scheduler& scheduler) : fiber_(scheduler.current()) {
  if (fiber_ != nullptr) ++fiber_->shields_;
}

Scheduler::Shield::~Shield() {
  if (fiber_ != nullptr) --fiber_->shields_;
}

void Scheduler::run_ready() {
  running_.swap(ready_);
  for (Fiber* fiber : running_) switch_to(fiber);
  running_.clear();
}

void Scheduler::fire_alarms() {
  while (Alarm* alarm = alarms_.pop(now())) alarm->fire();
}

void Scheduler::run() {
  stopped_ = false;
  while (!stopped_) {
    if (ready_.empty()) {
      rounds_ = 0;
      if (!wait(alarms_.next()) && ready_.empty()) break;
    } else if (++rounds_ % kRoundsBetweenPolls == 0) {
      poll();
    }
    fire_alarms();
    run_ready();
  }
}

Wake Event::wait(TimePoint deadline) {
  Fiber* fiber = scheduler_.current();
  waiting_.push_back(fiber);
  const Wake why = scheduler_.suspend(deadline);
  if (why != Wake::ready) std::erase(waiting_, fiber);
  return why;
}

void Event::notify_all() {
  while (!waiting_.empty()) notify_one();
}

void Event::notify_one() {
  // One whose wait has just ended otherwise must not swallow what is meant for the next.
  bool woken = false;
  while (!woken && !waiting_.empty()) {
    woken = scheduler_.resume(waiting_.front());
    waiting_.pop_front();
  }
}

Error wait_error(Wake why, std::string_view what) {
  Error error;
  error.error_class = why == Wake::cancelled ? ErrorClass::cancelled : ErrorClass::timeout;
  error.message =
      std::string(why == Wake::cancelled ? "cancelled while " : "timed out while ") + std::string(what);
  return error;
}

}  // namespace llmgw::net
