#include "net/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace llmgw::net {
Handle::Handle(Loop& loop, int fd) : loop_(loop), fd_(fd) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  epoll_ctl(loop_.epoll_, EPOLL_CTL_ADD, fd_, &event);
}

// Closing takes it out of epoll; handles go only while no batch of events is under way.
Handle::~Handle() {
  ::close(fd_);
}

Wake Handle::wait_readable(TimePoint deadline) {
  if (readable_) return Wake::ready;
  reader_ = loop_.Scheduler::current();
  const Wake why = loop_.suspend(deadline);
  reader_ = nullptr;
  return why;
}

Wake Handle::wait_writable(TimePoint deadline) {
  if (writable_) return Wake::ready;
  writer_ = loop_.Scheduler::current();
  const Wake why = loop_.suspend(deadline);
  writer_ = nullptr;
  return why;
}

Wake Handle::wait_any_writable(std::span<const std::unique_ptr<Handle>> handles, TimePoint deadline) {
  if (std::ranges::any_of(handles, [](const auto& h) { return h->writable_; })) return Wake::ready;
  Loop& loop = handles.front()->loop_;
  for (const auto& handle : handles) handle->writer_ = loop.Scheduler::current();
  const Wake why = loop.suspend(deadline);
  for (const auto& handle : handles) handle->writer_ = nullptr;
  return why;
}

void Handle::cancel_on_hang_up(Fiber* fiber) {
  owner_ = fiber;
  if (fiber != nullptr && hung_up_) loop_.cancel(fiber, CancelCause::client);
}

void Handle::on_events(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    hung_up_ = true;
    if (owner_ != nullptr) loop_.cancel(owner_, CancelCause::client);
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    readable_ = true;
    if (reader_ != nullptr) loop_.resume(reader_);
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    writable_ = true;
    if (writer_ != nullptr) loop_.resume(writer_);
  }
}

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (epoll_ < 0 || wakeup_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event);
  now_ = std::chrono::steady_clock::now();
  wall_ = std::chrono::system_clock::now();
  wall_at_ = now_;
}

Loop::~Loop() {
  ::close(wakeup_);
  ::close(epoll_);
}

WallTime Loop::wall() const {
  if (wall_at_ != now_) {
    wall_ = std::chrono::system_clock::now();
    wall_at_ = now_;
  }
  return wall_;
}

void Loop::post(std::function<void()> job) {
  bool first = false;
  {
    std::lock_guard lock(posted_lock_);
    first = posted_.empty();
    posted_.push_back(std::move(job));
  }
  if (first) eventfd_write(wakeup_, 1);
}

void Loop::quit() {
  quit_ = true;
  eventfd_write(wakeup_, 1);
}

std::unique_ptr<char[]> Loop::take_block() {
  if (blocks_.empty()) return std::make_unique_for_overwrite<char[]>(kBlock);
  auto block = std::move(blocks_.back());
  blocks_.pop_back();
  return block;
}

void Loop::give_back(std::unique_ptr<char[]> block) {
  constexpr size_t kKept = 64;
  if (blocks_.size() < kKept) blocks_.push_back(std::move(block));
}

bool Loop::wait(TimePoint next) {
  int timeout_ms = -1;
  if (next != kNever) {
    const auto left = next - now_;
    timeout_ms = left <= 0ns ? 0 : static_cast<int>(std::min<int64_t>(to_ms(left) + 1, 60'000));
  }
  turn(timeout_ms);
  return true;
}

void Loop::turn(int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int n = epoll_wait(epoll_, events.data(), events.size(), timeout_ms);
  now_ = std::chrono::steady_clock::now();
  bool woken = false;
  for (int i = 0; i < n; ++i) {
    auto* handle = static_cast<Handle*>(events[i].data.ptr);
    if (handle == nullptr) {
      woken = true;
    } else {
      handle->on_events(events[i].events);
    }
  }
  if (woken) {
    eventfd_t count = 0;
    eventfd_read(wakeup_, &count);
    run_posted();
    if (quit_.exchange(false)) stop();
  }
}

void Loop::run_posted() {
  std::vector<std::function<void()>> jobs;
  {
    std::lock_guard lock(posted_lock_);
    jobs.swap(posted_);
  }
  for (auto& job : jobs) job();
}

}  // namespace llmgw::net
