#pragma once

#include <mutex>

#include "store/request_log.h"

namespace llmgw::store {

// The request log in memory, both sides of it, for tests and the simulator. Thread-safe. Nothing is
// lost to rounding; `max_size` counts 1 KiB a request.
class MemoryRequestLog final : public RequestLog, public RequestHistory {
 public:
  Result<void> append(std::span<const RequestRecord> records) override;
  Result<bool> trim(const Retention&, WallTime now) override;
  Result<LogPage> query(const LogFilter&, int limit, std::optional<int64_t> cursor) override;
  Result<LogPage> follow(const LogFilter&, int64_t row, int limit) override;
  Result<int64_t> last_row() override;
  Result<observe::Stats> stats(std::optional<WallTime> since, observe::StatsBy by) override;

 private:
  std::mutex entries_mutex_;
  std::vector<LogEntry> entries_;  // oldest first
  int64_t last_row_ = 0;
};

// Whether a filter lets a record through.
bool matches(const LogFilter&, const RequestRecord&);

}  // namespace llmgw::store
