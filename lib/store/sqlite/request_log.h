#pragma once

#include <memory>

#include "observe/log.h"
#include "store/request_log.h"

namespace llmgw::store::sqlite {

// The request log in `directory`/log.db, written by any number of processes at once.
//
// The file is opened at the first use and again after an error, so that a disk that was full or
// read-only for a while costs what came meanwhile and no more. A damaged file is set aside, told to
// `log`, and a new one begun. `log` outlives this.
class SqliteRequestLog final : public RequestLog {
 public:
  SqliteRequestLog(std::string directory, observe::Log& log);
  ~SqliteRequestLog() override;

  Result<void> append(std::span<const RequestRecord> records) override;
  Result<bool> trim(const Retention&, WallTime now) override;

 private:
  class Connection;
  // Runs `work` on an open connection; gives the connection up after an error, and once sets aside a
  // file that turns out to be damaged.
  template <typename T, typename Work>
  Result<T> with_connection(const Work& work);
  Result<void> open();
  Result<void> replace_damaged();

  std::string directory_, path_;
  observe::Log& log_;
  std::unique_ptr<Connection> connection_;
  std::pair<uint64_t, uint64_t> opened_;  // device and inode of the file at `path_` when it was opened
};

}  // namespace llmgw::store::sqlite
