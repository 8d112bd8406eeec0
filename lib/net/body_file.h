#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/offload.h"

namespace llmgw::net {

// Where bodies go that are too large for memory.
struct BodyStore {
  std::string directory;  // exists, ours to write
  Offload& offload;       // does the writing and reading
};

// A request's body in a file that has no name: it is gone with the last who holds it, and with the process.
// Written by one fiber, then read by any.
class BodyFile : public std::enable_shared_from_this<BodyFile> {
 public:
  // Called on a fiber of `scheduler`; `store` outlives the file. Errors: server_error with status 507 and the
  // system's reason (no space is left), overloaded (too much is being written), cancelled.
  static Result<std::shared_ptr<BodyFile>> create(Scheduler& scheduler, const BodyStore& store);
  Result<void> append(Scheduler& scheduler, std::string bytes);

  // At most `most` bytes from `at` on; empty behind the end. Called on a fiber. Errors: server_error,
  // overloaded, timeout, cancelled.
  Result<std::string> read(Scheduler& scheduler, uint64_t at, size_t most, TimePoint deadline) const;
  // The same where blocking is right: on a worker thread.
  Result<std::string> read_blocking(uint64_t at, size_t most) const;

  uint64_t size() const { return size_; }

  BodyFile(int fd, const BodyStore& store) : fd_(fd), store_(store) {}
  ~BodyFile();
  BodyFile(const BodyFile&) = delete;
  BodyFile& operator=(const BodyFile&) = delete;

 private:
  int fd_;
  const BodyStore& store_;
  uint64_t size_ = 0;
};

// A body of which the bytes are in a file, but for some that are replaced.
struct FileBody {
  struct Change {
    uint64_t begin = 0, end = 0;  // of the file
    std::string text;             // in their place
  };
  std::shared_ptr<const BodyFile> file;
  std::vector<Change> changes;  // in the file's order, none within another

  uint64_t size() const;
};

// Reads a FileBody from its start to its end, piece by piece. Belongs to a fiber.
class FileBodyReader {
 public:
  // `body` outlives it.
  FileBodyReader(Scheduler& scheduler, const FileBody& body) : scheduler_(scheduler), body_(body) {}
  // The next bytes, which hold until the next call; empty at the end. Errors: those of BodyFile::read.
  Result<std::string_view> next(TimePoint deadline);

 private:
  Scheduler& scheduler_;
  const FileBody& body_;
  uint64_t at_ = 0;    // in the file
  size_t change_ = 0;  // the next one
  std::string piece_;
};

}  // namespace llmgw::net
