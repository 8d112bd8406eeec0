#include "net/sse.h"

#include <cstring>

namespace llmgw::net {
namespace {

// The first LF or CR in bytes[from…]; npos when there is none.
size_t line_end(std::string_view bytes, size_t from) {
  const char* begin = bytes.data() + from;
  const size_t size = bytes.size() - from;
  const auto* lf = static_cast<const char*>(std::memchr(begin, '\n', size));
  const size_t until = lf != nullptr ? static_cast<size_t>(lf - begin) : size;
  const auto* cr = static_cast<const char*>(std::memchr(begin, '\r', until));
  if (cr != nullptr) return from + static_cast<size_t>(cr - begin);
  return lf != nullptr ? from + until : std::string_view::npos;
}

}  // namespace

void SseSplitter::feed(std::string_view bytes) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    line_ -= begin_;
    begin_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<SseEvent>> SseSplitter::next() {
  const std::string_view bytes = buffer_;
  while (scanned_ < bytes.size()) {
    const size_t end = line_end(bytes, scanned_);
    if (end == std::string_view::npos) {
      scanned_ = bytes.size();
      break;
    }
    // A CR at the very end may be half of a CRLF.
    if (bytes[end] == '\r' && end + 1 == bytes.size()) {
      const bool blank = end == line_;
      if (!blank) {
        scanned_ = end;
        break;
      }
    }
    size_t behind = end + 1;
    if (bytes[end] == '\r' && behind < bytes.size() && bytes[behind] == '\n') ++behind;
    const bool blank = end == line_;
    line_ = scanned_ = behind;
    if (!blank) continue;

    SseEvent event;
    event.raw = bytes.substr(begin_, behind - begin_);
    int data_lines = 0;
    for (size_t at = begin_; at < end;) {
      const size_t stop = line_end(bytes, at);
      const auto line = bytes.substr(at, stop - at);
      at = stop + 1;
      if (bytes[stop] == '\r' && at < bytes.size() && bytes[at] == '\n') ++at;
      const size_t colon = line.find(':');
      const auto field = line.substr(0, colon);
      auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
      if (value.starts_with(' ')) value.remove_prefix(1);
      if (field == "event") {
        event.type = value;
      } else if (field == "data") {
        if (++data_lines == 1) {
          event.data = value;
        } else {
          if (data_lines == 2) joined_ = event.data;
          joined_ += '\n';
          joined_ += value;
        }
      }
    }
    if (data_lines > 1) event.data = joined_;
    begin_ = behind;
    return event;
  }
  if (bytes.size() - begin_ > limit_) {
    return fail(ErrorClass::invalid_response,
                "a stream event larger than " + std::to_string(limit_) + " bytes");
  }
  return std::nullopt;
}

void SseSplitter::relax() {
  if (begin_ == buffer_.size() && buffer_.capacity() > 256) {
    buffer_ = {};
    begin_ = scanned_ = line_ = 0;
  }
}

}  // namespace llmgw::net
