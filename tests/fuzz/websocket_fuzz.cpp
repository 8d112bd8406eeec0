// The watch over a server's side of a WebSocket: it sees the same messages however the bytes are split, and
// reads whatever they say of usage.
#include <cstdint>
#include <cstdlib>

#include "dialects/realtime.h"
#include "net/websocket.h"

using namespace llmgw;

namespace {

std::vector<std::string> messages(std::string_view bytes, size_t step) {
  net::WebSocketWatch watch;
  std::vector<std::string> seen;
  for (size_t at = 0; at < bytes.size(); at += step) {
    watch.feed(bytes.substr(at, step));
    while (const auto message = watch.next()) seen.emplace_back(*message);
  }
  if (watch.between_frames()) seen.emplace_back("between");
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = messages(bytes, size + 1);
  for (const size_t step : {size_t{1}, size_t{5}}) {
    if (messages(bytes, step) != whole) std::abort();
  }
  observe::Usage usage;
  dialects::add_realtime_usage(bytes, usage);
  for (const auto& message : whole) dialects::add_realtime_usage(message, usage);
  return 0;
}
