#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace llmgw::net {

// One server-sent event (WHATWG HTML, 9.2). Views into the splitter's buffer.
struct SseEvent {
  std::string_view type;  // the `event:` field; empty: "message"
  std::string_view data;  // `data:` lines joined with LF
  std::string_view raw;   // all its bytes, the blank line included
};

// Cuts a byte stream into server-sent events. Lines end in LF, CR or CRLF; bytes may come
// split anywhere. Sans-IO.
class SseSplitter {
 public:
  // An event larger than `limit` bytes is a fault.
  explicit SseSplitter(size_t limit = 4 << 20) : limit_(limit) {}

  void feed(std::string_view bytes);
  // The next whole event. Comments and empty events come as events without type and data, so that
  // they may be passed on. The views hold until the next call of any member. Fails with
  // invalid_response at an event above the limit.
  Result<std::optional<SseEvent>> next();
  // What stands behind the last whole event.
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
  // Gives the buffer's memory back when nothing stands in it.
  void relax();

 private:
  std::string buffer_;
  size_t begin_ = 0;    // of the event that is being looked for
  size_t scanned_ = 0;  // up to here no end of an event was found
  size_t line_ = 0;     // where the line under the scanner begins
  std::string joined_;  // data of more than one line
  size_t limit_;
};

}  // namespace llmgw::net
