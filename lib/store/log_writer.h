#pragma once

#include <memory>

#include "observe/log.h"
#include "store/request_log.h"

namespace llmgw::store {

// Takes requests off the loops and writes them to the log on a thread of its own, in batches of one
// transaction each; keeps the log within its retention.
//
// The queue is bounded: when the log cannot keep up, or its disk is full, requests are dropped and
// counted, and the first failure is told to the process's log, once until it works again.
class LogWriter {
 public:
  struct Options {
    size_t queue = 4096;                   // requests
    int64_t max_queued_bodies = 64 << 20;  // bytes of bodies that wait; beyond it they are left out
    size_t batch = 512;                    // requests that wake the writer at once
    Duration gather = 100ms;               // how long fewer wait
    Duration trim_every = 1min;
    Retention retention{};
  };

  // All three outlive the writer. `requests` is used on the writer's thread only.
  LogWriter(RequestLog& requests, observe::Log& log, const Clock& clock, const Options& options);
  // stop().
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Queues a request that has ended; false when it was dropped, and counted. Never waits. From any
  // thread.
  bool offer(RequestRecord&& record);

  // Writes what is queued and ends the thread. What is offered afterwards is dropped.
  void stop();

  // Waits until all that was offered before is written, or lost. For tests and for `ask`.
  void flush();

  void set_retention(const Retention&);

  // Requests that are not in the log: refused by a full queue, or lost with a batch that failed.
  uint64_t dropped() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace llmgw::store
