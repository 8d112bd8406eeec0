#include "config/environment.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "config/node.h"

namespace llmgw::config {
namespace {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value && *value) return value;
  if (name == "HOME") {
    if (const passwd* user = getpwuid(getuid()); user && user->pw_dir && *user->pw_dir) return user->pw_dir;
  }
  return std::nullopt;
}

std::unexpected<Error> unreadable(int error) {
  return fail(ErrorClass::bad_request, std::string("cannot be read: ") + std::strerror(error));
}

Result<std::string> read_file(const std::string& path) {
  // Without O_NONBLOCK a named pipe would hold a reload for ever.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return unreadable(errno);
  std::string text;
  char block[16384];
  ssize_t n = 0;
  while (text.size() <= kMaxText && (n = read(file, block, sizeof block)) > 0) {
    text.append(block, static_cast<size_t>(n));
  }
  const int error = n < 0 ? errno : 0;
  close(file);
  if (error != 0) return unreadable(error);
  if (text.size() > kMaxText) return fail(ErrorClass::bad_request, "is larger than 4 MiB");
  return text;
}

bool exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

bool others_can_read(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace

Environment system_environment() {
  return {variable, read_file, exists, others_can_read};
}

}  // namespace llmgw::config
