#include "net/body_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace llmgw::net {
namespace {

constexpr size_t kPiece = 128 << 10;  // of a file, in memory while it is sent

std::unexpected<Error> refuse(const std::string& directory, int error) {
  return fail(ErrorClass::server_error,
              "the body, too large for memory, cannot be kept in data_dir, " + directory + ": " +
                  std::strerror(error) + "; make room there, or send less",
              507);
}

// A new file without a name; -1 and errno when there is none.
int open_unnamed(const std::string& directory) {
  int fd = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return fd;
  // Not every file system can (NFS, older overlays): then it loses its name at once.
  std::string path = directory + "/body-XXXXXX";
  fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(path.c_str());
  return fd;
}

// 0, or errno.
int write_all(int fd, std::string_view bytes, uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : ENOSPC;
    bytes.remove_prefix(static_cast<size_t>(n));
    at += static_cast<uint64_t>(n);
  }
  return 0;
}

}  // namespace

Result<std::shared_ptr<BodyFile>> BodyFile::create(Scheduler& scheduler, const BodyStore& store) {
  struct Made {
    std::shared_ptr<BodyFile> file;
    int error = 0;
  };
  auto made = std::make_shared<Made>();
  auto ran = store.offload.run(
      scheduler,
      [made, &store] {
        const int fd = open_unnamed(store.directory);
        made->error = fd < 0 ? errno : 0;
        if (fd >= 0) made->file = std::make_shared<BodyFile>(fd, store);
      },
      kNever);
  if (!ran) return fail(std::move(ran.error()));
  if (made->error != 0) return refuse(store.directory, made->error);
  return std::move(made->file);
}

BodyFile::~BodyFile() {
  ::close(fd_);
}

Result<void> BodyFile::append(Scheduler& scheduler, std::string bytes) {
  auto error = std::make_shared<int>(0);
  const size_t size = bytes.size();
  auto ran = store_.offload.run(
      scheduler,
      [file = shared_from_this(), at = size_, bytes = std::move(bytes), error] {
        *error = write_all(file->fd_, bytes, at);
      },
      kNever);
  if (!ran) return ran;
  if (*error != 0) return refuse(store_.directory, *error);
  size_ += size;
  return {};
}

Result<std::string> BodyFile::read_blocking(uint64_t at, size_t most) const {
  std::string bytes(at < size_ ? std::min<uint64_t>(most, size_ - at) : 0, '\0');
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::pread(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return fail(ErrorClass::server_error, "the body cannot be read back from data_dir: " +
                                                std::string(std::strerror(n < 0 ? errno : EIO)));
    }
    done += static_cast<size_t>(n);
  }
  return bytes;
}

Result<std::string> BodyFile::read(Scheduler& scheduler, uint64_t at, size_t most, TimePoint deadline) const {
  auto bytes = std::make_shared<Result<std::string>>();
  auto ran = store_.offload.run(
      scheduler, [file = shared_from_this(), at, most, bytes] { *bytes = file->read_blocking(at, most); },
      deadline);
  if (!ran) return fail(std::move(ran.error()));
  return std::move(*bytes);
}

uint64_t FileBody::size() const {
  uint64_t size = file->size();
  for (const Change& change : changes) size = size + change.text.size() - (change.end - change.begin);
  return size;
}

Result<std::string_view> FileBodyReader::next(TimePoint deadline) {
  piece_.clear();
  while (change_ < body_.changes.size() && body_.changes[change_].begin == at_) {
    const auto& change = body_.changes[change_++];
    at_ = change.end;
    if (!change.text.empty()) return std::string_view(change.text);
  }
  const uint64_t stop = change_ < body_.changes.size() ? body_.changes[change_].begin : body_.file->size();
  if (at_ == stop) return std::string_view{};
  auto bytes = body_.file->read(scheduler_, at_, std::min<uint64_t>(kPiece, stop - at_), deadline);
  if (!bytes) return fail(std::move(bytes.error()));
  piece_ = std::move(*bytes);
  at_ += piece_.size();
  return std::string_view(piece_);
}

}  // namespace llmgw::net
