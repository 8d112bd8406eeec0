#include "net/json_lines.h"

namespace llmgw::net {

void JsonLinesSplitter::feed(std::string_view bytes) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<SseEvent>> JsonLinesSplitter::next() {
  const std::string_view bytes = buffer_;
  for (;;) {
    const size_t end = bytes.find('\n', scanned_);
    if (end == std::string_view::npos) {
      scanned_ = bytes.size();
      if (bytes.size() - begin_ > limit_) {
        return fail(ErrorClass::invalid_response,
                    "a line of the stream is longer than " + std::to_string(limit_) + " bytes");
      }
      return std::optional<SseEvent>();
    }
    SseEvent event{.type = {},
                   .data = bytes.substr(begin_, end - begin_),
                   .raw = bytes.substr(begin_, end + 1 - begin_)};
    begin_ = scanned_ = end + 1;
    if (event.data.ends_with('\r')) event.data.remove_suffix(1);
    if (!event.data.empty()) return event;
  }
}

void JsonLinesSplitter::finish() {
  if (begin_ < buffer_.size()) feed("\n");
}

void JsonLinesSplitter::relax() {
  if (begin_ < buffer_.size()) return;
  buffer_ = {};
  begin_ = scanned_ = 0;
}

}  // namespace llmgw::net
