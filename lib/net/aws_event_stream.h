#pragma once

#include <string>
#include <string_view>

#include "net/sse.h"

namespace llmgw::net {

// Frames of application/vnd.amazon.eventstream (smithy.io, "Amazon Event Stream Specification"): lengths of
// the frame and of its headers, a CRC-32 of both, headers, payload, a CRC-32 of all before it; numbers
// big-endian.
//
// An event's `type` is its :event-type; that of an exception is kException and its :exception-type, that of
// an error without a shape kException and its :error-code. `data` is the payload, `raw` the frame.
class AwsEventSplitter final : public EventSplitter {
 public:
  static constexpr std::string_view kException = "exception:";
  // As botocore has them.
  static constexpr size_t kMostHeaders = 128 << 10;
  static constexpr size_t kMostPayload = 24 << 20;

  void feed(std::string_view bytes) override;
  Result<std::optional<SseEvent>> next() override;
  // A frame that is not whole when the stream ends is a fault of the next call of next().
  void finish() override { finished_ = true; }
  void relax() override;

 private:
  std::string buffer_;
  size_t begin_ = 0;  // of the next frame
  std::string type_;  // of an exception
  bool finished_ = false;
};

// Appends a frame of an event, as Bedrock's runtime writes it.
void append_aws_event(std::string& out, std::string_view event_type, std::string_view payload);
// The frame of an exception: `exception_type` begins with a small letter ("throttlingException").
void append_aws_exception(std::string& out, std::string_view exception_type, std::string_view payload);

}  // namespace llmgw::net
