#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "net/alarm.h"
#include "net/stack.h"

namespace llmgw::net {

class Scheduler;

// Why a wait ended.
enum class Wake : uint8_t { ready, timeout, cancelled };

// Who cancelled a fiber. Bits, so that one cause can be taken back and another stays.
enum class CancelCause : uint8_t { client = 1, raced = 2, shutdown = 4, other_side = 8 };

// A thread of control on a stack of its own. Made by Scheduler::spawn, gone when its
// function returns; whoever keeps a Fiber* past that keeps a dangling one.
class Fiber;

// Runs fibers one at a time on the thread that calls run(). All members are for that
// thread only. A derived class says what to do when no fiber can run: the event loop waits
// for the kernel, the simulator moves its clock.
class Scheduler : public Clock {
 public:
  Scheduler();
  ~Scheduler() override;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Starts `body` on a fiber of its own; it runs once the current fiber suspends.
  // `body` must not throw.
  Fiber* spawn(std::function<void()> body);

  // The fiber that runs now; nullptr outside of one.
  Fiber* current() const { return current_; }

  // Suspends the current fiber until resume(), the deadline, or its cancellation. A wait
  // that begins on a cancelled fiber ends at once, unless it is shielded.
  Wake suspend(TimePoint deadline);
  // Ends the fiber's wait with Wake::ready; false and nothing else when it isn't waiting.
  bool resume(Fiber*);
  // Lets the others run first.
  void yield();

  // suspend() that nobody resumes: timeout when the time has come.
  Wake sleep_until(TimePoint t) { return suspend(t); }

  // Makes every wait of the fiber return Wake::cancelled, from now on.
  void cancel(Fiber*, CancelCause);
  // Takes back one cause.
  void uncancel(Fiber*, CancelCause);
  // Whether the current fiber was cancelled, whatever its shields.
  bool cancelled() const;
  bool cancelled_by(CancelCause) const;

  // For a wait that may be long: the memory that the current fiber's stack took in deeper calls than this
  // one, and does not use now, goes back to the system.
  void shed_stack();

  // While it stands, waits of the current fiber aren't cut short by cancel().
  class Shield {
   public:
    explicit Shield(Scheduler&);
    ~Shield();
    Shield(const Shield&) = delete;
    Shield& operator=(const Shield&) = delete;

   private:
    Fiber* fiber_;
  };

  void arm(Alarm& alarm, TimePoint due) { alarms_.arm(alarm, due); }
  void disarm(Alarm& alarm) { alarms_.disarm(alarm); }

  // From any thread: runs `job` on the scheduler soon, outside of any fiber.
  virtual void post(std::function<void()> job) = 0;

  // Fibers that have not ended.
  size_t live() const { return live_; }

  // Runs until stop(), or until nothing can ever run again.
  void run();
  void stop() { stopped_ = true; }

 protected:
  // Called when no fiber is ready: waits, at most until `next` (kNever: no alarm is set),
  // and calls resume() for what has become ready. False: nothing will ever become ready.
  virtual bool wait(TimePoint next) = 0;
  // Called now and then between two rounds of ready fibers, so that events are seen while fibers are busy.
  virtual void poll() {}

 private:
  friend class Fiber;
  void run_ready();
  void switch_to(Fiber*);
  void switch_out();
  void fire_alarms();

  StackPool stacks_;
  AlarmQueue alarms_;
  std::vector<Fiber*> ready_, running_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> idle_;  // ended, kept for reuse
  Fiber* current_ = nullptr;
  size_t live_ = 0;
  bool stopped_ = false;
  static constexpr unsigned kRoundsBetweenPolls = 8;
  unsigned rounds_ = 0;
};

// Where fibers wait for something that another fiber brings about. One thread only.
class Event {
 public:
  explicit Event(Scheduler& scheduler) : scheduler_(scheduler) {}
  Wake wait(TimePoint deadline);
  void notify_all();
  // Wakes the one that waits longest.
  void notify_one();
  bool anyone() const { return !waiting_.empty(); }

 private:
  Scheduler& scheduler_;
  std::deque<Fiber*> waiting_;
};

// What a wait that did not end well is to the caller; `what` is what it waited for.
Error wait_error(Wake, std::string_view what);

}  // namespace llmgw::net
