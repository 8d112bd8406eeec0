#include "store/sqlite/request_log.h"

#include <sys/stat.h>

#include "store/set_aside.h"
#include "store/sqlite/request_trimmer.h"
#include "store/sqlite/request_writer.h"
#include "store/sqlite/schema.h"

namespace llmgw::store::sqlite {
namespace {

std::pair<uint64_t, uint64_t> identity(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return {facts.st_dev, facts.st_ino};
}

}  // namespace

class SqliteRequestLog::Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const std::string& path) {
    auto database = Database::open(path, Database::Mode::write);
    if (!database) return fail(std::move(database.error()));
    // auto_vacuum counts only in a new file. NORMAL: a crash of the machine may cost the last
    // requests, never the database. The cache holds what a batch touches.
    for (const char* pragma :
         {"PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL",
          "PRAGMA journal_size_limit = 16777216", "PRAGMA cache_size = -2048"}) {
      if (auto done = database->run(pragma); !done) return fail(std::move(done.error()));
    }
    if (auto done = migrate(*database, kRequestLogSteps); !done) return fail(std::move(done.error()));
    auto connection = std::unique_ptr<Connection>(new Connection(std::move(*database)));
    auto writer = RequestWriter::over(connection->database_);
    if (!writer) return fail(std::move(writer.error()));
    connection->writer_.emplace(std::move(*writer));
    return connection;
  }

  Result<void> append(std::span<const RequestRecord> records) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return fail(std::move(transaction.error()));
    if (auto done = writer_->begin(); !done) return done;
    for (const auto& record : records) {
      if (auto done = writer_->write(record); !done) return done;
    }
    if (auto done = writer_->end(); !done) return done;
    return transaction->commit();
  }

  Result<bool> trim(const Retention& retention, WallTime now) { return trim_step(database_, retention, now); }

 private:
  explicit Connection(Database database) : database_(std::move(database)) {}

  Database database_;
  std::optional<RequestWriter> writer_;
};

SqliteRequestLog::SqliteRequestLog(std::string directory, observe::Log& log)
    : directory_(std::move(directory)), path_(directory_ + "/log.db"), log_(log) {}

SqliteRequestLog::~SqliteRequestLog() = default;

Result<void> SqliteRequestLog::open() {
  if (connection_) return {};
  auto lock = DirectoryLock::take(directory_);
  if (!lock) return fail(std::move(lock.error()));
  auto connection = Connection::open(path_);
  opened_ = identity(path_);
  if (!connection) return fail(std::move(connection.error()));
  connection_ = std::move(*connection);
  return {};
}

template <typename T, typename Work>
Result<T> SqliteRequestLog::with_connection(const Work& work) {
  for (bool again : {true, false}) {
    auto done = open();
    Result<T> result = done ? work(*connection_) : Result<T>(fail(std::move(done.error())));
    if (result) return result;
    connection_.reset();
    if (!again || result.error().code != kCorrupt) return result;
    if (auto replaced = replace_damaged(); !replaced) return fail(std::move(replaced.error()));
  }
  return fail(ErrorClass::server_error, path_ + ": damaged again");
}

Result<void> SqliteRequestLog::replace_damaged() {
  auto lock = DirectoryLock::take(directory_);
  if (!lock) return fail(std::move(lock.error()));
  // Another process may have set it aside already: what stands there now is sound.
  if (identity(path_) != opened_) return {};
  auto moved = set_aside(path_, SystemClock{}.wall());
  if (!moved) return fail(std::move(moved.error()));
  log_.error("the request log was damaged; it is set aside and a new one begun", {{"file", *moved}});
  return {};
}

Result<void> SqliteRequestLog::append(std::span<const RequestRecord> records) {
  return with_connection<void>([&](Connection& connection) { return connection.append(records); });
}

Result<bool> SqliteRequestLog::trim(const Retention& retention, WallTime now) {
  return with_connection<bool>([&](Connection& connection) { return connection.trim(retention, now); });
}

}  // namespace llmgw::store::sqlite
