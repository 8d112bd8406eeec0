#include "net/endpoint.h"

#include "base/text.h"

namespace llmgw::net {

Result<Endpoint> parse_base_url(std::string_view url) {
  auto refuse = [&](std::string_view why) {
    return fail(ErrorClass::bad_request, "'" + std::string(url) + "' is no base URL: " + std::string(why));
  };
  Endpoint endpoint;
  if (url == "mock:") {
    endpoint.scheme = endpoint.host = endpoint.authority = endpoint.id = "mock";
    endpoint.prefix = "/v1";
    return endpoint;
  }
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return refuse("it needs http:// or https://");
  endpoint.scheme = to_lower(url.substr(0, colon));
  if (endpoint.scheme != "http" && endpoint.scheme != "https") return refuse("it needs http:// or https://");
  auto rest = url.substr(colon + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) return refuse("it must not have a query or fragment");
  if (!printable(rest) || rest.find(' ') != std::string_view::npos) return refuse("it has a space or control character");

  const size_t slash = rest.find('/');
  auto authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) endpoint.prefix = rest.substr(slash);
  while (endpoint.prefix.ends_with('/')) endpoint.prefix.pop_back();
  if (authority.find('@') != std::string_view::npos) return refuse("credentials belong into a key");

  auto host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return refuse("a bracket is missing");
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port[0] != ':') return refuse("expected ':' after the bracket");
  } else if (const size_t at = authority.rfind(':'); at != std::string_view::npos) {
    host = authority.substr(0, at);
    port = authority.substr(at);
  }
  if (host.empty()) return refuse("it has no host");
  endpoint.host = to_lower(host);
  endpoint.port = endpoint.secure() ? 443 : 80;
  if (!port.empty()) {
    const auto number = to_number<uint16_t>(port.substr(1));
    if (!number || *number == 0) return refuse("its port is not between 1 and 65535");
    endpoint.port = *number;
  }
  endpoint.authority = to_lower(authority);
  endpoint.id = endpoint.scheme + "://" + endpoint.host + ":" + std::to_string(endpoint.port);
  return endpoint;
}

}  // namespace llmgw::net
