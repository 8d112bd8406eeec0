// The request parser's glue: whatever comes, it takes it, asks for more, or refuses; how the bytes are
// split changes nothing.
#include <cstdint>
#include <cstdlib>

#include "net/http_parser.h"

using namespace llmgw::net;

namespace {

struct Seen {
  bool done = false, refused = false;
  std::string method, target, body, fields;
  bool operator==(const Seen&) const = default;
};

Seen parse(std::string_view bytes, size_t step) {
  RequestParser parser({.head = 4096, .fields = 20, .body = 4096});
  Seen seen;
  std::string buffer;
  size_t at = 0;
  while (!parser.done()) {
    const auto used = parser.feed(buffer);
    if (!used) {
      seen.refused = true;
      return seen;
    }
    if (*used > buffer.size()) std::abort();
    buffer.erase(0, *used);
    if (parser.done() || (*used > 0 && !buffer.empty())) continue;
    if (at == bytes.size() || buffer.size() > 16384) break;
    buffer.append(bytes.substr(at, step));
    at = std::min(at + step, bytes.size());
  }
  seen.done = parser.done();
  if (!seen.done) return seen;
  auto& request = parser.request();
  seen.method = request.method;
  seen.target = request.target;
  seen.body = request.body;
  for (const auto [name, value] : request.headers)
    seen.fields.append(name).append(":").append(value).append("\n");
  if (request.headers.size() > 20 || request.body.size() > 4096) std::abort();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Seen whole = parse(bytes, size + 1);
  const Seen split = parse(bytes, 1 + size % 7);
  if (whole.done && split.done && !(whole == split)) std::abort();
  if (whole.done != split.done && whole.refused == split.refused) std::abort();
  return 0;
}
