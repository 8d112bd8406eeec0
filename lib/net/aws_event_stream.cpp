#include "net/aws_event_stream.h"

#include <zlib.h>

namespace llmgw::net {
namespace {

constexpr size_t kPrelude = 12;   // both lengths and their CRC
constexpr size_t kOverhead = 16;  // the prelude and the frame's CRC

std::unexpected<Error> broken(const std::string& why) {
  return fail(ErrorClass::invalid_response, "a frame of the event stream is broken: " + why);
}

uint32_t number_at(std::string_view bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

struct FrameHeaders {
  std::string_view message_type, event_type, exception_type, error_code;
};

// Sizes of the values of types 0 to 9: true, false, byte, short, int, long, bytes, string, timestamp, UUID.
constexpr int kSized = -1;  // two bytes of length come first
constexpr int kSizes[] = {0, 0, 1, 2, 4, 8, kSized, kSized, 8, 16};
constexpr uint32_t kString = 7;

Result<FrameHeaders> read_headers(std::string_view bytes) {
  FrameHeaders headers;
  size_t at = 0;
  auto has = [&](size_t size) { return bytes.size() - at >= size; };
  while (at < bytes.size()) {
    const size_t name_size = number_at(bytes, at++, 1);
    if (!has(name_size + 1)) return broken("a header's name is cut");
    const auto name = bytes.substr(at, name_size);
    at += name_size;
    const uint32_t type = number_at(bytes, at++, 1);
    if (type >= std::size(kSizes)) return broken("a header of the unknown type " + std::to_string(type));
    size_t size = static_cast<size_t>(kSizes[type]);
    if (kSizes[type] == kSized) {
      if (!has(2)) return broken("a header's length is cut");
      size = number_at(bytes, at, 2);
      at += 2;
    }
    if (!has(size)) return broken("a header's value is cut");
    const auto value = bytes.substr(at, size);
    at += size;
    if (type != kString) continue;
    if (name == ":message-type") headers.message_type = value;
    if (name == ":event-type") headers.event_type = value;
    if (name == ":exception-type") headers.exception_type = value;
    if (name == ":error-code") headers.error_code = value;
  }
  return headers;
}

void append_number(std::string& out, uint32_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  append_number(out, static_cast<uint32_t>(name.size()), 1);
  out.append(name) += static_cast<char>(kString);
  append_number(out, static_cast<uint32_t>(value.size()), 2);
  out += value;
}

void append_frame(std::string& out, std::string_view type_header, std::string_view type,
                  std::string_view message_type, std::string_view payload) {
  std::string headers;
  append_header(headers, type_header, type);
  append_header(headers, ":content-type", "application/json");
  append_header(headers, ":message-type", message_type);
  const size_t begin = out.size();
  append_number(out, static_cast<uint32_t>(kOverhead + headers.size() + payload.size()), 4);
  append_number(out, static_cast<uint32_t>(headers.size()), 4);
  append_number(out, crc_of(std::string_view(out).substr(begin)), 4);
  out.append(headers).append(payload);
  append_number(out, crc_of(std::string_view(out).substr(begin)), 4);
}

}  // namespace

void AwsEventSplitter::feed(std::string_view bytes) {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<SseEvent>> AwsEventSplitter::next() {
  const auto rest = std::string_view(buffer_).substr(begin_);
  const auto incomplete = [&]() -> Result<std::optional<SseEvent>> {
    if (finished_ && !rest.empty()) return broken("the stream ends within it");
    return std::nullopt;
  };
  if (rest.size() < kPrelude) return incomplete();
  const size_t total = number_at(rest, 0, 4), headers_size = number_at(rest, 4, 4);
  if (number_at(rest, 8, 4) != crc_of(rest.substr(0, 8)))
    return broken("the checksum of its prelude does not fit (no event stream?)");
  if (headers_size > kMostHeaders) return broken("its headers are larger than 128 KiB");
  if (total < kOverhead + headers_size) return broken("its lengths contradict each other");
  if (total - kOverhead - headers_size > kMostPayload) return broken("its payload is larger than 24 MiB");
  if (rest.size() < total) return incomplete();
  const auto frame = rest.substr(0, total);
  if (number_at(frame, total - 4, 4) != crc_of(frame.substr(0, total - 4)))
    return broken("its checksum does not fit");
  const auto headers = read_headers(frame.substr(kPrelude, headers_size));
  if (!headers) return fail(headers.error());
  begin_ += total;
  SseEvent event{.type = headers->event_type,
                 .data = frame.substr(kPrelude + headers_size, total - kOverhead - headers_size),
                 .raw = frame};
  if (headers->message_type == "exception" || headers->message_type == "error") {
    type_ = std::string(kException);
    type_ += headers->exception_type.empty() ? headers->error_code : headers->exception_type;
    event.type = type_;
  }
  return event;
}

void AwsEventSplitter::relax() {
  if (begin_ < buffer_.size()) return;
  begin_ = 0;
  buffer_.clear();
  if (buffer_.capacity() > 4096) buffer_ = {};
}

void append_aws_event(std::string& out, std::string_view event_type, std::string_view payload) {
  append_frame(out, ":event-type", event_type, "event", payload);
}

void append_aws_exception(std::string& out, std::string_view exception_type, std::string_view payload) {
  append_frame(out, ":exception-type", exception_type, "exception", payload);
}

}  // namespace llmgw::net
