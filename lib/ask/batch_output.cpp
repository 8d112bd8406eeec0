#include "ask/batch_output.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "base/text.h"

namespace llmgw::ask {
namespace {

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorClass::bad_request, std::move(message));
}

Result<std::string> read_all(int fd, const std::string& path) {
  std::string bytes;
  char block[1 << 16];
  for (;;) {
    const ssize_t n = ::pread(fd, block, sizeof block, static_cast<off_t>(bytes.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return wrong("cannot read " + path + ": " + std::strerror(errno));
    if (n == 0) return bytes;
    bytes.append(block, static_cast<size_t>(n));
  }
}

// The next line of `bytes` that has its end; none: what is left has none.
std::optional<std::string_view> next_line(std::string_view& bytes) {
  const size_t stop = bytes.find('\n');
  if (stop == std::string_view::npos) return std::nullopt;
  const auto line = bytes.substr(0, stop);
  bytes.remove_prefix(stop + 1);
  return line;
}

}  // namespace

BatchOutput::~BatchOutput() {
  if (fd_ >= 0) ::close(fd_);
  if (early_fd_ < 0) return;
  ::close(early_fd_);
  if (early_.empty()) ::unlink(early_path_.c_str());
}

std::unique_ptr<BatchOutput> BatchOutput::to(std::function<bool(std::string_view)> print, size_t questions) {
  std::unique_ptr<BatchOutput> output(new BatchOutput(questions));
  output->print_ = std::move(print);
  return output;
}

Result<std::unique_ptr<BatchOutput>> BatchOutput::open(const std::string& path,
                                                       const std::vector<BatchItem>& items) {
  std::unique_ptr<BatchOutput> output(new BatchOutput(items.size()));
  output->path_ = path;
  output->early_path_ = path + ".early";
  output->fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (output->fd_ < 0) return wrong("cannot write " + path + ": " + std::strerror(errno));
  if (::flock(output->fd_, LOCK_EX | LOCK_NB) != 0)
    return wrong("another run writes " + path + "; wait for it, or give another -O");
  if (auto taken = output->take_over(items); !taken) return fail(std::move(taken.error()));
  output->early_fd_ = ::open(output->early_path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (output->early_fd_ < 0)
    return wrong("cannot write " + output->early_path_ + ": " + std::strerror(errno));
  if (auto taken = output->take_early(items); !taken) return fail(std::move(taken.error()));
  output->taken_over_ = output->written_ + output->early_.size();
  if (!output->write_ready()) return wrong(output->error_);
  return output;
}

Result<void> BatchOutput::take_over(const std::vector<BatchItem>& items) {
  const auto bytes = read_all(fd_, path_);
  if (!bytes) return fail(bytes.error());
  std::string_view rest = *bytes;
  while (const auto line = next_line(rest)) {
    const auto doc = json::Doc::parse(*line, {.allow_lone_surrogates = true});
    const auto id = doc ? doc->root()["id"].raw() : std::string_view();
    if (written_ >= items.size() || id != items[written_].id) {
      return wrong(path_ + ":" + std::to_string(written_ + 1) + ": it answers other questions (id " +
                   (id.empty() ? "missing" : shortened(id, 60)) + "); give another -O, or delete it");
    }
    count(*line);
    ++written_;
  }
  // A row that was being written when its run was killed.
  if (!rest.empty() && ::ftruncate(fd_, static_cast<off_t>(bytes->size() - rest.size())) != 0) {
    return wrong("cannot write " + path_ + ": " + std::strerror(errno));
  }
  return {};
}

Result<void> BatchOutput::take_early(const std::vector<BatchItem>& items) {
  const auto bytes = read_all(early_fd_, early_path_);
  if (!bytes) return fail(bytes.error());
  std::string_view rest = *bytes;
  while (const auto line = next_line(rest)) {
    const auto tab = line->find('\t');
    const auto question = to_number<size_t>(line->substr(0, tab));
    if (tab == std::string_view::npos || !question || *question < written_ || *question >= items.size())
      continue;
    const auto row = line->substr(tab + 1);
    const auto doc = json::Doc::parse(row, {.allow_lone_surrogates = true});
    if (!doc || doc->root()["id"].raw() != items[*question].id) continue;
    if (early_.emplace(*question, row).second) count(row);
  }
  // The next row must not be appended to a broken one.
  if (!rest.empty() && ::ftruncate(early_fd_, static_cast<off_t>(bytes->size() - rest.size())) != 0) {
    return wrong("cannot write " + early_path_ + ": " + std::strerror(errno));
  }
  return {};
}

void BatchOutput::count(std::string_view row) {
  const auto doc = json::Doc::parse(row, {.allow_lone_surrogates = true});
  if (doc) spent_.value += std::llround(doc->root()["cost_usd"].number().value_or(0) * 1e9);
}

bool BatchOutput::put(size_t question, std::string row) {
  if (question != written_ && early_fd_ >= 0 &&
      !write(early_fd_, std::to_string(question) + "\t" + row + "\n", early_path_)) {
    return false;
  }
  early_.emplace(question, std::move(row));
  return write_ready();
}

bool BatchOutput::write_ready() {
  for (auto next = early_.find(written_); next != early_.end(); next = early_.find(written_)) {
    const std::string line = next->second + "\n";
    if (print_ ? !print_(line) : !write(fd_, line, path_)) return false;
    early_.erase(next);
    ++written_;
  }
  return true;
}

bool BatchOutput::write(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      error_ = "cannot write " + path + ": " + std::strerror(errno);
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace llmgw::ask
