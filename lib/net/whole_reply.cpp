#include "net/whole_reply.h"

namespace llmgw::net {

Result<HttpResponse> whole_reply(Transport& transport, Call call, TimePoint by, size_t most) {
  auto exchange = transport.send(std::move(call));
  if (!exchange) return fail(std::move(exchange.error()));
  auto head = (*exchange)->head(by);
  if (!head) return fail(std::move(head.error()));
  HttpResponse response{.status = (*head)->status, .headers = (*head)->headers, .body = {}};
  while (response.body.size() < most) {
    auto bytes = (*exchange)->read(by);
    if (!bytes) return fail(std::move(bytes.error()));
    if (bytes->empty()) break;
    response.body += *bytes;
  }
  return response;
}

}  // namespace llmgw::net
