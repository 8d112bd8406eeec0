#include "ask/fetch.h"

#include "net/http_client.h"
#include "net/tls.h"

namespace llmgw::ask {
namespace {

constexpr size_t kMost = 1 << 20;

Result<net::HttpResponse> get(net::Loop& loop, net::HttpClient& client, const net::Endpoint& endpoint,
                              TimePoint by) {
  auto exchange = client.send({.endpoint = &endpoint,
                               .method = "GET",
                               .target = endpoint.prefix.empty() ? "/" : endpoint.prefix,
                               .headers = {},
                               .connect = by - loop.now(),
                               .deadline = by});
  if (!exchange) return fail(std::move(exchange.error()));
  auto head = (*exchange)->head(by);
  if (!head) return fail(std::move(head.error()));
  net::HttpResponse response{.status = (*head)->status, .headers = (*head)->headers, .body = {}};
  while (response.body.size() < kMost) {
    auto bytes = (*exchange)->read(by);
    if (!bytes) return fail(std::move(bytes.error()));
    if (bytes->empty()) break;
    response.body += *bytes;
  }
  return response;
}

}  // namespace

Result<net::HttpResponse> fetch(Session& session, const std::string& url, Duration timeout, bool verify) {
  auto endpoint = net::parse_base_url(url);
  if (!endpoint) return fail(std::move(endpoint.error()));
  if (endpoint->secure()) {
    auto tls = net::TlsContext::make({.verify = verify});
    if (!tls) return fail(std::move(tls.error()));
    endpoint->tls = *tls;
  }
  net::Resolver resolver;
  const net::ProxySettings none;
  net::HttpClient client(session.loop(), resolver, none);
  Result<net::HttpResponse> response = fail(ErrorClass::cancelled, "interrupted");
  session.run(1, [&](int) {
    response = get(session.loop(), client, *endpoint, after(session.loop().now(), timeout));
  });
  return response;
}

}  // namespace llmgw::ask
