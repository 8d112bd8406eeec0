// The splitter of AWS's event stream: events are the same however the bytes are split, also those of a frame
// that we wrote around the input.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "net/aws_event_stream.h"

using namespace llmgw::net;

namespace {

std::vector<std::string> split(std::string_view bytes, size_t step) {
  AwsEventSplitter splitter;
  std::vector<std::string> seen;
  auto drain = [&] {
    for (;;) {
      const auto event = splitter.next();
      if (!event) {
        seen.push_back("broken");
        return false;
      }
      if (!*event) return true;
      seen.push_back(std::string((*event)->type) + "\x1f" + std::string((*event)->data));
    }
  };
  for (size_t at = 0; at < bytes.size(); at += step) {
    splitter.feed(bytes.substr(at, step));
    if (!drain()) return seen;
    splitter.relax();
  }
  splitter.finish();
  drain();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = split(bytes, size + 1);
  for (const size_t step : {size_t{1}, size_t{7}}) {
    if (split(bytes, step) != whole) std::abort();
  }
  std::string frame;
  append_aws_event(frame, "chunk", bytes);
  if (split(frame, 5) != std::vector{"chunk\x1f" + std::string(bytes)}) std::abort();
  // A single changed byte is found out.
  if (size > 0) {
    frame[data[0] % frame.size()] ^= 1;
    if (split(frame, frame.size()) != std::vector<std::string>{"broken"}) std::abort();
  }
  return 0;
}
