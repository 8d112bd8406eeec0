#pragma once

#include <deque>
#include <functional>

#include "net/fiber.h"

namespace llmgw::simulate {

// Fibers in virtual time: when none can run, the clock jumps to the next alarm. The same fibers with the same
// inputs run in the same order, on any machine. Starts at 2026-01-01T00:00:00Z. One thread only, post()
// included.
class VirtualScheduler final : public net::Scheduler {
 public:
  TimePoint now() const override { return TimePoint{} + kStart + elapsed_; }
  WallTime wall() const override { return WallTime{std::chrono::seconds{1'767'225'600}} + elapsed_; }
  // Runs `job` before anything waits, in the order of posting.
  void post(std::function<void()> job) override { posted_.push_back(std::move(job)); }

  // Since the start.
  Duration elapsed() const { return elapsed_; }

 protected:
  bool wait(TimePoint next) override;
  void poll() override { run_posted(); }

 private:
  static constexpr Duration kStart = 1h;  // a time of 0 means "never" to some
  void run_posted();

  Duration elapsed_{};
  std::deque<std::function<void()>> posted_;
};

}  // namespace llmgw::simulate
