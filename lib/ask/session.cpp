#include "ask/session.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>

namespace llmgw::ask {
namespace {

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action{};
    // A blocked signal is queued although it is ignored, so that it must be left out here.
    if (sigaction(s, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&signals, s);
  }
  return signals;
}

}  // namespace

Session::Session() {
  const auto signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

Session::~Session() {
  ::close(signal_fd_);
}

void Session::run(int fibers, const std::function<void(int)>& job) {
  for (int i = 0; i < fibers; ++i) {
    jobs_.push_back(loop_.spawn([this, i, &job] {
      job(i);
      std::erase(jobs_, fiber());
      if (!jobs_.empty()) return;
      if (watcher_ == nullptr) return loop_.stop();
      loop_.cancel(watcher_, net::CancelCause::shutdown);
    }));
  }
  watcher_ = loop_.spawn([this] {
    watch();
    watcher_ = nullptr;
    if (jobs_.empty()) loop_.stop();
  });
  loop_.run();
}

void Session::watch() {
  // A copy, as the handle closes what it is given.
  net::Handle handle(loop_, ::dup(signal_fd_));
  for (;;) {
    signalfd_siginfo info{};
    const ssize_t n = ::read(signal_fd_, &info, sizeof info);
    if (n == sizeof info) {
      if (signal_ != 0) ::_exit(128 + static_cast<int>(info.ssi_signo));
      signal_ = static_cast<int>(info.ssi_signo);
      cancel();
      continue;
    }
    handle.drained();
    if (handle.wait_readable(kNever) == net::Wake::cancelled) return;
  }
}

void Session::on_large_stack(const std::function<void()>& job) {
  net::Fiber* caller = fiber();
  bool done = false;
  loop_.post([&] {
    job();
    done = true;
    loop_.resume(caller);
  });
  const net::Scheduler::Shield shield(loop_);
  while (!done) loop_.suspend(kNever);
}

void Session::cancel() {
  for (net::Fiber* job : jobs_) loop_.cancel(job, net::CancelCause::client);
}

}  // namespace llmgw::ask
