#include "store/log_writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "store/ring.h"

namespace llmgw::store {
namespace {

int64_t body_bytes(const RequestRecord& r) {
  return static_cast<int64_t>(r.request_body.size() + r.response_body.size());
}

}  // namespace

struct LogWriter::Parts {
  Parts(RequestLog& log_of_requests, observe::Log& process_log, const Clock& c, const Options& o)
      : requests(log_of_requests),
        log(process_log),
        clock(c),
        options(o),
        ring(o.queue),
        retention(o.retention) {
    // Without a descriptor the writer finds what is queued by its timeout alone.
    wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    next_trim = clock.now() + options.trim_every;
    thread = std::thread([this] { run(); });
  }
  ~Parts() {
    if (wake_fd >= 0) ::close(wake_fd);
  }

  void wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd, &one, sizeof one);
  }

  // Until somebody wakes it or `most` has passed. True: woken.
  bool sleep(Duration most) {
    pollfd woken{wake_fd, POLLIN, 0};
    const auto ms = static_cast<int>(std::clamp<int64_t>(to_ms(most), 1, 60'000));
    if (::poll(&woken, 1, ms) <= 0) return false;
    uint64_t count;
    [[maybe_unused]] const auto got = ::read(wake_fd, &count, sizeof count);
    return true;
  }

  void run();
  bool write_batch();
  void trim();
  void report(const Result<void>& result, size_t lost);

  RequestLog& requests;
  observe::Log& log;
  const Clock& clock;
  const Options options;
  Ring<RequestRecord> ring;

  int wake_fd = -1;
  // Set by the writer when it goes to sleep with nothing queued: the next offer wakes it.
  std::atomic<bool> idle{false};
  std::atomic<bool> full_batch_told{false};
  std::atomic<bool> stopping{false};
  std::atomic<int64_t> queued_bodies{0};
  std::atomic<uint64_t> dropped{0};

  std::mutex flush_mutex;  // guards flush_wanted, flush_done, retention
  std::condition_variable flushed;
  uint64_t flush_wanted = 0, flush_done = 0;
  Retention retention;

  // The writer's own.
  std::vector<RequestRecord> batch;
  bool failing = false;
  uint64_t lost_while_failing = 0;
  TimePoint next_trim;
  std::thread thread;
};

LogWriter::LogWriter(RequestLog& requests, observe::Log& log, const Clock& clock, const Options& options)
    : parts_(std::make_unique<Parts>(requests, log, clock, options)) {}

LogWriter::~LogWriter() {
  stop();
}

bool LogWriter::offer(RequestRecord&& record) {
  Parts& p = *parts_;
  if (p.stopping.load(std::memory_order_relaxed)) {
    p.dropped.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  int64_t bytes = body_bytes(record);
  if (bytes > 0 &&
      p.queued_bodies.fetch_add(bytes, std::memory_order_relaxed) + bytes > p.options.max_queued_bodies) {
    p.queued_bodies.fetch_sub(bytes, std::memory_order_relaxed);
    record.request_body.clear();
    record.response_body.clear();
    bytes = 0;
  }
  if (!p.ring.push(std::move(record))) {
    p.queued_bodies.fetch_sub(bytes, std::memory_order_relaxed);
    p.dropped.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  // Either we see that the writer sleeps, or it sees what we queued (Ring::size).
  if (p.idle.load(std::memory_order_seq_cst)) {
    if (p.idle.exchange(false, std::memory_order_relaxed)) p.wake();
  } else if (p.ring.size() >= p.options.batch && !p.full_batch_told.load(std::memory_order_relaxed) &&
             !p.full_batch_told.exchange(true, std::memory_order_relaxed)) {
    p.wake();
  }
  return true;
}

void LogWriter::Parts::run() {
  while (true) {
    const bool last_round = stopping.load(std::memory_order_acquire);
    uint64_t wanted;
    {
      const std::lock_guard lock(flush_mutex);
      wanted = flush_wanted;
    }
    full_batch_told.store(false, std::memory_order_relaxed);
    while (write_batch()) {
    }
    {
      const std::lock_guard lock(flush_mutex);
      flush_done = wanted;
    }
    flushed.notify_all();
    if (last_round) return;
    if (clock.now() >= next_trim) trim();

    idle.store(true, std::memory_order_seq_cst);
    if (ring.size() == 0) sleep(options.trim_every);
    idle.store(false, std::memory_order_relaxed);
    const bool hurry = [&] {
      const std::lock_guard lock(flush_mutex);
      return flush_wanted != flush_done;
    }();
    // Others will follow the first: one transaction for all that come in a while.
    if (!hurry && !stopping.load(std::memory_order_relaxed) && ring.size() > 0 &&
        ring.size() < options.batch) {
      sleep(options.gather);
    }
  }
}

bool LogWriter::Parts::write_batch() {
  batch.clear();
  while (batch.size() < options.batch &&
         ring.pop([&](RequestRecord&& r) { batch.push_back(std::move(r)); })) {
    if (const int64_t bytes = body_bytes(batch.back()); bytes > 0) {
      queued_bodies.fetch_sub(bytes, std::memory_order_relaxed);
    }
  }
  if (batch.empty()) return false;
  report(requests.append(batch), batch.size());
  batch.clear();
  return true;
}

void LogWriter::Parts::report(const Result<void>& result, size_t lost) {
  if (!result) {
    dropped.fetch_add(lost, std::memory_order_relaxed);
    lost_while_failing += lost;
    if (!failing)
      log.error("the request log cannot be written; requests are answered all the same and not logged",
                {{"why", result.error().message}});
    failing = true;
  } else if (failing) {
    log.warn("the request log is written again",
             {{"requests_not_logged", std::to_string(lost_while_failing)}});
    failing = false;
    lost_while_failing = 0;
  }
}

void LogWriter::Parts::trim() {
  next_trim = clock.now() + options.trim_every;
  Retention now_valid;
  {
    const std::lock_guard lock(flush_mutex);
    now_valid = retention;
  }
  // What is offered meanwhile goes first: between two steps a batch is written when one is full.
  while (!stopping.load(std::memory_order_relaxed)) {
    const auto more = requests.trim(now_valid, clock.wall());
    if (!more) {
      report(fail(more.error()), 0);
      return;
    }
    if (!*more) return;
    if (ring.size() >= options.batch) write_batch();
  }
}

void LogWriter::flush() {
  Parts& p = *parts_;
  std::unique_lock lock(p.flush_mutex);
  const uint64_t mine = ++p.flush_wanted;
  p.wake();
  p.flushed.wait(lock, [&] { return p.flush_done >= mine || p.stopping.load(std::memory_order_relaxed); });
}

void LogWriter::stop() {
  Parts& p = *parts_;
  p.stopping.store(true, std::memory_order_release);
  p.wake();
  if (p.thread.joinable()) p.thread.join();
  // Offered between the writer's last look and its end.
  while (p.ring.pop([](RequestRecord&&) {})) p.dropped.fetch_add(1, std::memory_order_relaxed);
  p.flushed.notify_all();
}

void LogWriter::set_retention(const Retention& retention) {
  const std::lock_guard lock(parts_->flush_mutex);
  parts_->retention = retention;
}

uint64_t LogWriter::dropped() const {
  return parts_->dropped.load(std::memory_order_relaxed);
}

}  // namespace llmgw::store
