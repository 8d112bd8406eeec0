#include "ask/fetch.h"

#include "net/http_client.h"
#include "net/tls.h"
#include "net/whole_reply.h"

namespace llmgw::ask {
namespace {

constexpr size_t kMost = 1 << 20;

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
    const TimePoint by = after(session.loop().now(), timeout);
    response = net::whole_reply(client,
                                {.endpoint = &*endpoint,
                                 .method = "GET",
                                 .target = endpoint->prefix.empty() ? "/" : endpoint->prefix,
                                 .connect = timeout,
                                 .deadline = by},
                                by, kMost);
  });
  return response;
}

}  // namespace llmgw::ask
