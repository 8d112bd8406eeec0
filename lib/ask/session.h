#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "net/loop.h"

namespace llmgw::ask {

// The loop of a command that asks: fibers on the calling thread, ended by SIGINT, SIGTERM or SIGHUP, which
// cancel what runs so that upstreams are told. A second signal ends the process at once.
class Session {
 public:
  // From here on these signals come to the session alone, but for those that the process ignores (nohup, a
  // shell's background job). Threads started later inherit that: make the session first.
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  net::Loop& loop() { return loop_; }
  // The fiber that runs now.
  net::Fiber* fiber() const { return static_cast<const net::Scheduler&>(loop_).current(); }

  // Calls `job` with 0, 1, … on `fibers` fibers side by side; returns when all have ended. Once.
  void run(int fibers, const std::function<void(int)>& job);

  // Runs `job` on the thread's own stack, which is large: for what may recurse. Called on a job's fiber.
  void on_large_stack(const std::function<void()>& job);

  // The signal that came; 0: none did.
  int signal() const { return signal_; }
  // Cancels every job, as a signal does.
  void cancel();

  // Becomes readable when a signal waits: for whoever blocks this thread.
  int signal_fd() const { return signal_fd_; }

 private:
  void watch();

  net::Loop loop_;
  int signal_fd_;
  std::vector<net::Fiber*> jobs_;  // that run
  net::Fiber* watcher_ = nullptr;
  int signal_ = 0;
};

}  // namespace llmgw::ask
