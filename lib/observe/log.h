#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace llmgw::observe {

enum class Level : uint8_t { trace, debug, info, warn, error, off };

// "info" and so on, as in `[log] level` and `--log-level`; "warning" is "warn".
std::string_view name(Level);
std::optional<Level> level(std::string_view name);

// A fact beside a message: "provider" "openai". A member of a JSON line, " provider=openai" in text.
struct Field {
  std::string_view name;
  std::string_view value;
};

// What the process says of itself, on stderr: a line a message, for people or as JSON.
//
// A call hands the line to a thread and never waits for the terminal, the pipe or the disk behind
// it. The queue between them is bounded; when it is full the oldest lines give way and are counted.
// What is written is one line whatever the message holds: control characters are escaped. Thread-safe.
class Log {
 public:
  struct Options {
    Level level = Level::info;
    bool json = false;
    std::optional<bool> colour;  // absent: when `fd` is a terminal, NO_COLOR is not set and it is text
    int fd = 2;                  // stays the caller's
    size_t queue = 8192;         // lines
  };

  explicit Log(const Options&);
  // Writes what is queued, for at most a second, when nobody reads the other end.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool enabled(Level) const;
  void set_level(Level);

  void write(Level, std::string_view message, std::initializer_list<Field> fields = {});
  void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::debug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::info, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::warn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::error, message, fields);
  }

  // Lines that gave way.
  uint64_t dropped() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace llmgw::observe
