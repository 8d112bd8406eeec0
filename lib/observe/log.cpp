#include "observe/log.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>

#include "base/json_writer.h"
#include "base/time.h"
#include "observe/timestamp.h"

namespace llmgw::observe {
namespace {

struct LevelRow {
  std::string_view name;
  spdlog::level::level_enum level;
  std::string_view colour;  // ECMA-48 "select graphic rendition"
};

// In the order of Level.
constexpr std::array<LevelRow, 6> kLevels{{
    {"trace", spdlog::level::trace, "\x1b[2m"},
    {"debug", spdlog::level::debug, "\x1b[36m"},
    {"info", spdlog::level::info, "\x1b[32m"},
    {"warn", spdlog::level::warn, "\x1b[33m"},
    {"error", spdlog::level::err, "\x1b[31m"},
    {"off", spdlog::level::off, ""},
}};

const LevelRow& row(Level l) {
  return kLevels[static_cast<size_t>(l)];
}

// Lines come formatted; this writes them, on the log's own thread.
class Descriptor final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  Descriptor(int fd, const std::atomic<bool>& hurry) : fd_(fd), hurry_(hurry) {}

 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    std::string_view left(line.payload.data(), line.payload.size());
    while (!left.empty()) {
      // A pipe nobody reads must not keep the process from ending.
      pollfd ready{fd_, POLLOUT, 0};
      const int n = ::poll(&ready, 1, 100);
      if (n < 0 && errno != EINTR) return;
      if (n <= 0) {
        if (hurry_.load(std::memory_order_relaxed)) return;
        continue;
      }
      const ssize_t written = ::write(fd_, left.data(), std::min<size_t>(left.size(), PIPE_BUF));
      if (written < 0 && errno != EINTR && errno != EAGAIN) return;
      if (written > 0) left.remove_prefix(static_cast<size_t>(written));
    }
  }
  void flush_() override {}

  int fd_;
  const std::atomic<bool>& hurry_;
};

void append_visible(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
}

std::string text_line(Level l, std::string_view message, std::initializer_list<Field> fields, bool colour) {
  std::string line = timestamp(SystemClock{}.wall());
  line += ' ';
  if (colour) line += row(l).colour;
  line += row(l).name;
  if (colour) line += "\x1b[0m";
  line.append(6 - row(l).name.size(), ' ');
  append_visible(line, message);
  for (const auto& field : fields) {
    line += colour ? " \x1b[2m" : " ";
    line += field.name;
    line += colour ? "=\x1b[0m" : "=";
    const bool plain = !field.value.empty() && field.value.find_first_of(" \"=") == std::string_view::npos;
    if (plain) {
      append_visible(line, field.value);
    } else {
      json::append_quoted(line, field.value);
    }
  }
  line += '\n';
  return line;
}

std::string json_line(Level l, std::string_view message, std::initializer_list<Field> fields) {
  std::string line;
  json::Writer writer(line);
  writer.begin_object();
  writer.member("time", std::string_view(timestamp(SystemClock{}.wall())));
  writer.member("level", row(l).name).member("message", message);
  for (const auto& field : fields) writer.member(field.name, field.value);
  writer.end_object();
  line += '\n';
  return line;
}

}  // namespace

std::string_view name(Level l) {
  return row(l).name;
}

std::optional<Level> level(std::string_view wanted) {
  if (wanted == "warning") return Level::warn;
  for (size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i].name == wanted) return static_cast<Level>(i);
  }
  return std::nullopt;
}

struct Log::Parts {
  std::atomic<Level> level;
  bool json;
  bool colour;
  std::atomic<bool> hurry = false;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(const Options& options) : parts_(std::make_unique<Parts>()) {
  parts_->level = options.level;
  parts_->json = options.json;
  const bool terminal = ::isatty(options.fd) != 0 && std::getenv("NO_COLOR") == nullptr;
  parts_->colour = !options.json && options.colour.value_or(terminal);
  parts_->pool = std::make_shared<spdlog::details::thread_pool>(std::max<size_t>(options.queue, 1), 1);
  parts_->logger =
      std::make_shared<spdlog::async_logger>("llmgw", std::make_shared<Descriptor>(options.fd, parts_->hurry),
                                             parts_->pool, spdlog::async_overflow_policy::overrun_oldest);
  parts_->logger->set_level(spdlog::level::trace);
}

Log::~Log() {
  for (int i = 0; i < 100 && parts_->pool->queue_size() > 0; ++i) {
    std::this_thread::sleep_for(10ms);
  }
  parts_->hurry = true;
}

bool Log::enabled(Level l) const {
  return l >= parts_->level.load(std::memory_order_relaxed) && l != Level::off;
}

void Log::set_level(Level l) {
  parts_->level.store(l, std::memory_order_relaxed);
}

void Log::write(Level l, std::string_view message, std::initializer_list<Field> fields) {
  if (!enabled(l)) return;
  const std::string line =
      parts_->json ? json_line(l, message, fields) : text_line(l, message, fields, parts_->colour);
  parts_->logger->log(row(l).level, spdlog::string_view_t(line.data(), line.size()));
}

uint64_t Log::dropped() const {
  return parts_->pool->overrun_counter();
}

}  // namespace llmgw::observe
