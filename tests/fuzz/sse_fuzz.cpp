// The splitter of server-sent events: events are the same however the bytes are split, and their raw bytes
// put together are the stream.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "net/sse.h"

using namespace llmgw::net;

namespace {

struct Seen {
  std::vector<std::string> events;
  std::string raw;
};

Seen split(std::string_view bytes, size_t step) {
  SseSplitter splitter(1 << 16);
  Seen seen;
  for (size_t at = 0; at < bytes.size(); at += step) {
    splitter.feed(bytes.substr(at, step));
    for (;;) {
      const auto event = splitter.next();
      if (!event || !*event) break;
      seen.raw += (*event)->raw;
      // A CRLF that is split at the end of an event leaves its LF as an empty event.
      if (!(*event)->data.empty() || !(*event)->type.empty()) {
        seen.events.push_back(std::string((*event)->type) + "\x1f" + std::string((*event)->data));
      }
    }
    splitter.relax();
  }
  seen.raw += splitter.rest();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = split(bytes, size + 1);
  if (whole.raw != bytes) std::abort();
  for (const size_t step : {size_t{1}, size_t{2}, size_t{5}}) {
    const Seen pieces = split(bytes, step);
    if (pieces.raw != bytes || pieces.events != whole.events) std::abort();
  }
  return 0;
}
