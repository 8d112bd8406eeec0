#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace llmgw::net {

// One event of a stream: a server-sent event (WHATWG HTML, 9.2) or a frame. Views into the splitter's buffer.
struct SseEvent {
  std::string_view type;  // the `event:` field; empty: "message"
  std::string_view data;  // `data:` lines joined with LF
  std::string_view raw;   // all its bytes, the blank line included
};

// Cuts a byte stream into events, however the bytes come split. Sans-IO.
class EventSplitter {
 public:
  virtual ~EventSplitter() = default;
  virtual void feed(std::string_view bytes) = 0;
  // The next whole event; none: more bytes are needed. The views hold until the next call of any member.
  // Fails with invalid_response at bytes that are no event.
  virtual Result<std::optional<SseEvent>> next() = 0;
  // No more bytes come: what stands behind the last event may be a whole one all the same.
  virtual void finish() = 0;
  // Gives the buffer's memory back when nothing stands in it.
  virtual void relax() = 0;
};

// Server-sent events. Lines end in LF, CR or CRLF.
class SseSplitter final : public EventSplitter {
 public:
  // An event larger than `limit` bytes is a fault.
  explicit SseSplitter(size_t limit = 4 << 20) : limit_(limit) {}

  void feed(std::string_view bytes) override;
  // Comments and empty events come as events without type and data, so that they may be passed on.
  Result<std::optional<SseEvent>> next() override;
  void finish() override {
    if (!rest().empty()) feed("\n\n");
  }
  // What stands behind the last whole event.
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
  void relax() override;

 private:
  std::string buffer_;
  size_t begin_ = 0;    // of the event that is being looked for
  size_t scanned_ = 0;  // up to here no end of an event was found
  size_t line_ = 0;     // where the line under the scanner begins
  std::string joined_;  // data of more than one line
  size_t limit_;
};

}  // namespace llmgw::net
