#pragma once

#include <string>
#include <string_view>

#include "net/sse.h"

namespace llmgw::net {

// A JSON value a line (application/x-ndjson). An event's `data` is the line without its end, `type` is empty;
// blank lines are no events. The last line needs no end.
class JsonLinesSplitter final : public EventSplitter {
 public:
  // A line longer than `limit` bytes is a fault.
  explicit JsonLinesSplitter(size_t limit = 4 << 20) : limit_(limit) {}

  void feed(std::string_view bytes) override;
  Result<std::optional<SseEvent>> next() override;
  void finish() override;
  void relax() override;

 private:
  std::string buffer_;
  size_t begin_ = 0;    // of the next line
  size_t scanned_ = 0;  // up to here no end of it was found
  size_t limit_;
};

}  // namespace llmgw::net
