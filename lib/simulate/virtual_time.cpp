#include "simulate/virtual_time.h"

namespace llmgw::simulate {

bool VirtualScheduler::wait(TimePoint next) {
  if (!posted_.empty()) {
    run_posted();
    return true;
  }
  if (next == kNever) return false;
  if (next > now()) elapsed_ += next - now();
  return true;
}

void VirtualScheduler::run_posted() {
  while (!posted_.empty()) {
    auto job = std::move(posted_.front());
    posted_.pop_front();
    job();
  }
}

}  // namespace llmgw::simulate
