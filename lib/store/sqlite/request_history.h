#pragma once

#include <memory>

#include "store/request_log.h"
#include "store/sqlite/name_ids.h"

namespace llmgw::store::sqlite {

// Reads `directory`/log.db over a connection of its own that cannot write, so that nobody waits for
// it; also when no server runs, and on a medium that is read-only.
class SqliteRequestHistory final : public RequestHistory {
 public:
  // Fails when there is no log, or one of another version, and says what to do.
  static Result<std::unique_ptr<SqliteRequestHistory>> open(const std::string& directory);

  Result<LogPage> query(const LogFilter&, int limit, std::optional<int64_t> cursor) override;
  Result<LogPage> follow(const LogFilter&, int64_t row, int limit) override;
  Result<int64_t> last_row() override;
  Result<observe::Stats> stats(std::optional<WallTime> since, observe::StatsBy by) override;

 private:
  SqliteRequestHistory(Database database, Names names)
      : database_(std::move(database)), names_(std::move(names)) {}

  // Rows from `first` to `last`, in either order, that a filter lets through, at most `limit`.
  Result<LogPage> read(const LogFilter&, int64_t first, int64_t last, bool newest_first, size_t limit);
  Result<RequestRecord> record(Statement& row);
  Result<std::vector<observe::AttemptRecord>> attempts(int64_t row);

  Database database_;
  Names names_;
};

}  // namespace llmgw::store::sqlite
