#include "providers/aws_endpoint.h"

#include <algorithm>
#include <array>

#include "net/http_client.h"
#include "net/loop.h"
#include "net/tls.h"

namespace llmgw::providers {
namespace {

constexpr Duration kPatience = 2s;
constexpr size_t kMost = 64 << 10;

// docs.aws.amazon.com, "Container credential provider", AWS_CONTAINER_CREDENTIALS_FULL_URI; "Use IMDSv2".
constexpr std::array<std::string_view, 8> kLocal = {
    "127.0.0.1",      "::1",          "localhost",       "169.254.170.2",
    "169.254.170.23", "fd00:ec2::23", "169.254.169.254", "fd00:ec2::254"};

Result<net::HttpResponse> ask(net::Loop& loop, net::HttpClient& client, const net::Endpoint& endpoint,
                              const std::string& method, const std::string& target,
                              const net::Headers& headers) {
  const TimePoint by = after(loop.now(), kPatience);
  auto exchange = client.send({.endpoint = &endpoint,
                               .method = method,
                               .target = target,
                               .headers = headers,
                               .connect = kPatience,
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

Result<net::HttpResponse> ask_aws_endpoint(const std::string& method, const std::string& url,
                                           const net::Headers& headers) {
  const size_t mark = url.find('?');
  auto endpoint = net::parse_base_url(url.substr(0, mark));
  if (!endpoint) return fail(std::move(endpoint.error()));
  if (endpoint->secure()) {
    auto tls = net::TlsContext::make({});
    if (!tls) return fail(std::move(tls.error()));
    endpoint->tls = *tls;
  } else if (std::ranges::find(kLocal, std::string_view(endpoint->host)) == kLocal.end()) {
    return fail(ErrorClass::auth, "'" + endpoint->host + "' is asked for credentials over https only");
  }
  const size_t path = url.find('/', url.find("://") + 3);
  const std::string target =
      path < mark ? url.substr(path) : "/" + (mark < url.size() ? url.substr(mark) : "");
  Result<net::HttpResponse> response = fail(ErrorClass::cancelled, "was not asked");
  net::Loop loop;
  net::Resolver resolver;
  const net::ProxySettings direct;
  {
    net::HttpClient client(loop, resolver, direct);
    loop.spawn([&] {
      response = ask(loop, client, *endpoint, method, target, headers);
      loop.stop();
    });
    loop.run();
  }
  return response;
}

}  // namespace llmgw::providers
