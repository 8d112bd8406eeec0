// The response parser's glue, chunked bodies included.
#include <cstdint>
#include <cstdlib>

#include "net/http_parser.h"
#include "net/inflate.h"

using namespace llmgw::net;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  ResponseParser parser({.head = 4096, .fields = 50, .body = 65536}, false);
  std::string body, buffer;
  for (size_t at = 0; at < size && !parser.done();) {
    const size_t step = 1 + (at * 7) % 31;
    buffer.append(bytes.substr(at, step));
    at += step;
    while (!buffer.empty() && !parser.done()) {
      const auto used = parser.feed(buffer, body);
      if (!used) return 0;
      if (*used > buffer.size()) std::abort();
      if (*used == 0) break;
      buffer.erase(0, *used);
    }
  }
  if (!parser.done() && size > 0) (void)parser.finish();
  if (body.size() > 65536) std::abort();
  for (const std::string_view coding : {"gzip", "zstd"}) {
    std::string plain;
    (void)Inflater::make(coding)->feed(body, plain, 1 << 20);
  }
  return 0;
}
