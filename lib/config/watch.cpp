#include "config/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>

#include "config/find.h"

namespace llmgw::config {
namespace {

constexpr int kQuietMs = 100;
constexpr auto kLongest = 1s;
// A folder that isn't there can't be watched: it is looked for at this interval.
constexpr int kMissingMs = 2000;

// What tells one version of a file from another.
struct Version {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;     // -1: there is no such file
  timespec time = {};  // of the last change, also of its rights: a file may become readable

  friend bool operator==(const Version& a, const Version& b) {
    return a.device == b.device && a.inode == b.inode && a.size == b.size && a.time.tv_sec == b.time.tv_sec &&
           a.time.tv_nsec == b.time.tv_nsec;
  }
};

std::vector<Version> versions(const std::vector<std::string>& files) {
  std::vector<Version> all;
  for (const auto& file : files) {
    struct stat status{};
    Version& version = all.emplace_back();
    if (stat(file.c_str(), &status) != 0) continue;
    version = {status.st_dev, status.st_ino, status.st_size, status.st_ctim};
  }
  return all;
}

// Whether one was written when the files were being read, or later. The file system's clock ticks coarsely.
bool written_since(const std::vector<Version>& all, WallTime read_at) {
  constexpr auto kTick = 10ms;
  return std::ranges::any_of(all, [&](const Version& version) {
    const auto time =
        std::chrono::seconds(version.time.tv_sec) + std::chrono::nanoseconds(version.time.tv_nsec);
    return version.size >= 0 && WallTime(time) + kTick >= read_at;
  });
}

// The folder of each file, and that of what a symlink leads to. False when one is missing.
bool watch_folders(int inotify, const std::vector<std::string>& files) {
  std::set<std::string> folders;
  for (const auto& file : files) {
    const auto folder = folder_of(file);
    folders.insert(folder.empty() ? "." : folder);
    if (char* real = realpath(file.c_str(), nullptr)) {
      folders.insert(folder_of(real));
      std::free(real);
    }
  }
  bool all = true;
  // Not IN_MODIFY: a half-written file is no config, and a database beside it writes all the time.
  constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
                               IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  for (const auto& folder : folders) {
    if (inotify_add_watch(inotify, folder.c_str(), kEvents) < 0) all = false;
  }
  return all;
}

void drain(int fd) {
  std::array<char, 4096> bytes;
  while (read(fd, bytes.data(), bytes.size()) > 0) {
  }
}

void signal_fd(int fd) {
  const uint64_t one = 1;
  const int kept = errno;
  // Only a counter at its limit refuses, and then the thread will wake anyway.
  [[maybe_unused]] const ssize_t written = write(fd, &one, sizeof one);
  errno = kept;
}

}  // namespace

Result<std::unique_ptr<Watch>> Watch::start(Callbacks callbacks) {
  const int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (inotify >= 0 && wake >= 0 && stop >= 0) {
    return std::unique_ptr<Watch>(new Watch(std::move(callbacks), inotify, wake, stop));
  }
  const int error = errno;
  for (int fd : {inotify, wake, stop}) {
    if (fd >= 0) close(fd);
  }
  return fail(ErrorClass::server_error, std::string("config files can't be watched: ") +
                                            std::strerror(error) +
                                            "; a reload still comes by SIGHUP or POST /api/reload");
}

Watch::Watch(Callbacks callbacks, int inotify, int wake, int stop)
    : callbacks_(std::move(callbacks)), inotify_(inotify), wake_(wake), stop_(stop), thread_([this] {
        run();
      }) {}

Watch::~Watch() {
  signal_fd(stop_);
  thread_.join();
  for (int fd : {inotify_, wake_, stop_}) close(fd);
}

void Watch::poke() const {
  signal_fd(wake_);
}

void Watch::run() {
  std::array<pollfd, 3> fds = {{{stop_, POLLIN, 0}, {wake_, POLLIN, 0}, {inotify_, POLLIN, 0}}};
  const auto wait = [&](int ms) {
    while (poll(fds.data(), fds.size(), ms) < 0 && errno == EINTR) {
    }
  };
  auto files = callbacks_.files();
  bool whole = watch_folders(inotify_, files);
  auto seen = versions(files);
  const SystemClock clock;
  const auto missed = [&] { return callbacks_.read_at && written_since(seen, callbacks_.read_at()); };
  bool pending = missed();

  while (true) {
    wait(pending ? kQuietMs : whole ? -1 : kMissingMs);
    const TimePoint latest = clock.now() + kLongest;
    bool poked = false;
    while ((fds[0].revents | fds[1].revents | fds[2].revents) != 0) {
      if (fds[0].revents != 0) return;
      poked = poked || fds[1].revents != 0;
      drain(wake_);
      drain(inotify_);
      if (poked || clock.now() >= latest) break;
      wait(kQuietMs);
    }
    // Folders may have come or been replaced; a file may have changed before its folder was
    // watched, so the versions are taken after it.
    whole = watch_folders(inotify_, files);
    auto now = versions(files);
    if (!poked && !pending && now == seen) continue;
    callbacks_.changed();
    pending = false;
    if (auto next = callbacks_.files(); next != files) {
      files = std::move(next);
      whole = watch_folders(inotify_, files);
      seen = versions(files);
      pending = missed();  // of one that was not watched before
    } else {
      seen = std::move(now);
    }
  }
}

}  // namespace llmgw::config
