// Anything that a provider may answer: status, headers, body. First byte: the kind; next two: the status;
// then header lines up to an empty one; the rest is the body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "providers/classify.h"
#include "providers/wait.h"

using namespace llmgw;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const auto rows = providers::catalog();
  const providers::Row& row = rows[data[0] % rows.size()];
  const int status = (data[1] << 8 | data[2]) % 1000;
  std::string_view rest(reinterpret_cast<const char*>(data) + 3, size - 3);

  net::Headers headers;
  while (headers.size() < 100) {
    const size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos) headers.add(line.substr(0, colon), trim(line.substr(colon + 1)));
  }

  const WallTime now{std::chrono::seconds{1767225600}};
  const Error e = providers::classify(row, status, headers, rest, now);
  if (e.message.empty() || e.message.size() > 5000) std::abort();
  if (e.retry_after && (*e.retry_after < Duration::zero() || *e.retry_after > providers::kLongestWait))
    std::abort();
  providers::rate_limits(row, headers, now);
  if (const auto doc = json::Doc::parse(rest)) {
    providers::is_error_object(doc->root());
    if (providers::classify_object(row, doc->root()).message.empty()) std::abort();
  }
  return 0;
}
