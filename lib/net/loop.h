#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "net/fiber.h"

namespace llmgw::net {

class Loop;

// A file descriptor watched by a loop, edge-triggered. Closes it. At most one fiber waits
// to read and one to write. Belongs to the loop's thread.
class Handle {
 public:
  // Takes over `fd`, which is non-blocking.
  Handle(Loop& loop, int fd);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  int fd() const { return fd_; }
  Loop& loop() const { return loop_; }

  // Waits until reading may bring something; the caller tries, and calls drained() when
  // there was nothing left.
  Wake wait_readable(TimePoint deadline);
  Wake wait_writable(TimePoint deadline);
  // Until any of them may take bytes: for connections that are being made side by side.
  static Wake wait_any_writable(std::span<const std::unique_ptr<Handle>> handles, TimePoint deadline);
  bool maybe_writable() const { return writable_; }
  bool maybe_readable() const { return readable_; }
  void drained() { readable_ = hung_up_; }
  void full() { writable_ = false; }

  // The peer has closed, or closed its sending side, or the connection broke.
  bool hung_up() const { return hung_up_; }
  // This fiber is cancelled (CancelCause::client) when the peer hangs up; nullptr: none.
  void cancel_on_hang_up(Fiber*);

 private:
  friend class Loop;
  void on_events(uint32_t events);

  Loop& loop_;
  int fd_;
  bool readable_ = true, writable_ = true, hung_up_ = false;
  Fiber* reader_ = nullptr;
  Fiber* writer_ = nullptr;
  Fiber* owner_ = nullptr;
};

// One thread's event loop: fibers on epoll. The time it tells is read once a round.
class Loop final : public Scheduler {
 public:
  Loop();
  ~Loop() override;

  TimePoint now() const override { return now_; }
  WallTime wall() const override;

  void post(std::function<void()> job) override;
  // From any thread: makes run() return.
  void quit();

  // A block for reading into, kept for reuse. 16 KB.
  static constexpr size_t kBlock = 16 << 10;
  std::unique_ptr<char[]> take_block();
  void give_back(std::unique_ptr<char[]>);

 protected:
  bool wait(TimePoint next) override;
  void poll() override { turn(0); }

 private:
  friend class Handle;
  void turn(int timeout_ms);
  void run_posted();

  int epoll_;
  int wakeup_;  // an eventfd
  TimePoint now_;
  mutable WallTime wall_;
  mutable TimePoint wall_at_;
  std::mutex posted_lock_;
  std::vector<std::function<void()>> posted_;
  std::atomic<bool> quit_{false};
  std::vector<std::unique_ptr<char[]>> blocks_;
};

}  // namespace llmgw::net
