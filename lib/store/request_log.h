#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "observe/record.h"
#include "observe/stats.h"

namespace llmgw::store {

using observe::RequestRecord;

// How long requests are kept: `[log] keep` and `max_size`.
struct Retention {
  Duration keep = 24h * 30;
  int64_t max_size = int64_t{1} << 30;  // bytes on disk
};

// Where requests go when they have ended. Used by one thread.
class RequestLog {
 public:
  virtual ~RequestLog() = default;

  // All of them or none. An error says what to do; the next call starts afresh.
  virtual Result<void> append(std::span<const RequestRecord> records) = 0;

  // Deletes a few hundred of the oldest requests that are too old or too much. True: there is more to
  // delete. Short steps, so that others who write never wait long.
  virtual Result<bool> trim(const Retention&, WallTime now) = 0;
};

// Which requests to show. What is absent or empty holds for all; all that are set must hold.
struct LogFilter {
  std::optional<WallTime> since{}, until{};  // of arrival: since <= arrived < until
  std::string id{};                          // ours, or its beginning
  std::string provider{};                    // answered, or was tried
  std::string model{};                       // asked for, or tried; "provider/model" too
  std::string virtual_key{};
  std::optional<ErrorClass> error_class{};  // of the request, or of one of its attempts
  std::optional<std::pair<std::string, std::string>> tag{};
  bool failed = false;    // not answered
  bool fallback = false;  // answered by a fallback
  bool bodies = false;    // no condition: whether the bodies are read, too
};

struct LogEntry {
  int64_t row = 0;  // grows with each request that ends; unique in one log
  RequestRecord record;
};

struct LogPage {
  std::vector<LogEntry> entries;
  std::optional<int64_t> cursor;  // where the next page goes on; absent: this was the last
};

// What was logged, also while others write and when no server runs. Used by one thread.
class RequestHistory {
 public:
  virtual ~RequestHistory() = default;

  // Newest first (by when they ended), at most `limit`, going on from a page's `cursor`.
  virtual Result<LogPage> query(const LogFilter&, int limit, std::optional<int64_t> cursor) = 0;

  // What ended after `row`, oldest first, at most `limit`; the page's cursor is where to go on.
  // For `logs -f`.
  virtual Result<LogPage> follow(const LogFilter&, int64_t row, int limit) = 0;

  // The newest row; 0: there is none.
  virtual Result<int64_t> last_row() = 0;

  // Adds up what arrived since then.
  virtual Result<observe::Stats> stats(std::optional<WallTime> since, observe::StatsBy by) = 0;
};

}  // namespace llmgw::store
