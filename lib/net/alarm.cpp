#include "net/alarm.h"

namespace llmgw::net {

void AlarmQueue::arm(Alarm& alarm, TimePoint due) {
  if (alarm.armed()) {
    const bool later = due > alarm.due_;
    alarm.due_ = due;
    later ? down(alarm.place_) : up(alarm.place_);
    return;
  }
  alarm.due_ = due;
  heap_.push_back(&alarm);
  alarm.place_ = heap_.size() - 1;
  up(alarm.place_);
}

void AlarmQueue::disarm(Alarm& alarm) {
  if (!alarm.armed()) return;
  const size_t i = alarm.place_;
  alarm.place_ = Alarm::kNowhere;
  Alarm* last = heap_.back();
  heap_.pop_back();
  if (last == &alarm) return;
  place(i, last);
  up(i);
  down(last->place_);
}

Alarm* AlarmQueue::pop(TimePoint now) {
  if (heap_.empty() || heap_.front()->due_ > now) return nullptr;
  Alarm* first = heap_.front();
  disarm(*first);
  return first;
}

void AlarmQueue::up(size_t i) {
  Alarm* alarm = heap_[i];
  while (i > 0) {
    const size_t parent = (i - 1) / 4;
    if (heap_[parent]->due_ <= alarm->due_) break;
    place(i, heap_[parent]);
    i = parent;
  }
  place(i, alarm);
}

void AlarmQueue::down(size_t i) {
  Alarm* alarm = heap_[i];
  for (;;) {
    const size_t first = i * 4 + 1;
    if (first >= heap_.size()) break;
    size_t least = first;
    for (size_t child = first + 1; child < first + 4 && child < heap_.size(); ++child) {
      if (heap_[child]->due_ < heap_[least]->due_) least = child;
    }
    if (alarm->due_ <= heap_[least]->due_) break;
    place(i, heap_[least]);
    i = least;
  }
  place(i, alarm);
}

}  // namespace llmgw::net
