#include "store/set_aside.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace llmgw::store {

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
  std::error_code failed;
  const bool fresh = std::filesystem::create_directories(directory, failed);
  if (failed) {
    return fail(ErrorClass::server_error, "cannot create " + directory + ": " + failed.message() +
                                              "; set [server] data_dir to a directory that can be written");
  }
  if (fresh) ::chmod(directory.c_str(), 0700);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return fail(ErrorClass::server_error, "cannot open " + directory + ": " + std::strerror(errno) +
                                              "; set [server] data_dir to a directory that can be read");
  }
  while (::flock(fd, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int why = errno;
    ::close(fd);
    return fail(ErrorClass::server_error, "cannot lock " + directory + ": " + std::strerror(why));
  }
  return DirectoryLock(fd);
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> set_aside(const std::string& path, WallTime now) {
  const std::string suffix = ".unusable-" + std::to_string(unix_ms(now));
  if (::rename(path.c_str(), (path + suffix).c_str()) != 0) {
    return fail(ErrorClass::server_error, "cannot set " + path + " aside: " + std::strerror(errno));
  }
  for (const char* beside : {"-wal", "-shm"}) {
    ::rename((path + beside).c_str(), (path + suffix + beside).c_str());
  }
  return path + suffix;
}

}  // namespace llmgw::store
