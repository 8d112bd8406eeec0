#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace llmgw::store {

// Holds the directory for this process while it opens, creates or sets aside a file in it. Other
// processes wait; the kernel lets go when the holder dies.
class DirectoryLock {
 public:
  // Creates `directory` (0700) with its parents when it is not there.
  static Result<DirectoryLock> take(const std::string& directory);
  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

// Renames a file that cannot be used to "PATH.unusable-UNIXMS", and what SQLite keeps beside it. The
// caller holds the directory's lock. Returns the new path; it fails when the directory is read-only.
Result<std::string> set_aside(const std::string& path, WallTime now);

}  // namespace llmgw::store
