#pragma once

#include <vector>

#include "base/time.h"

namespace llmgw::net {

// Something due at a time. Belongs to whoever embeds it, who takes it out of the queue
// before it goes. fire() runs on the scheduler, not on a fiber: it must not suspend.
class Alarm {
 public:
  virtual ~Alarm() = default;
  virtual void fire() = 0;
  bool armed() const { return place_ != kNowhere; }
  TimePoint due() const { return due_; }

 private:
  friend class AlarmQueue;
  static constexpr size_t kNowhere = static_cast<size_t>(-1);
  TimePoint due_ = kNever;
  size_t place_ = kNowhere;
};

// Alarms by time: a heap that knows each alarm's place, so that taking one out is
// O(log n) and leaves nothing behind. Alarms due at the same time fire in no fixed order.
class AlarmQueue {
 public:
  void arm(Alarm&, TimePoint due);  // again, at another time, if it is armed
  void disarm(Alarm&);
  bool empty() const { return heap_.empty(); }
  TimePoint next() const { return heap_.empty() ? kNever : heap_.front()->due_; }
  // Takes out the first alarm that is due; nullptr when none is.
  Alarm* pop(TimePoint now);

 private:
  void place(size_t i, Alarm* alarm) {
    heap_[i] = alarm;
    alarm->place_ = i;
  }
  void up(size_t i);
  void down(size_t i);
  std::vector<Alarm*> heap_;
};

}  // namespace llmgw::net
