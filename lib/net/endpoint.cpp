#include "net/endpoint.h"

#include "base/text.h"

namespace llmgw::net {
namespace {

std::unexpected<Error> bad(std::string_view url, std::string_view why) {
  return fail(ErrorClass::bad_request, "base URL '" + shortened(url, 200) + "' " + std::string(why));
}

bool host_ok(std::string_view host, bool ipv6) {
  if (host.empty() || host.size() > 253) return false;
  for (char c : host) {
    const bool alnum = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
    if (!alnum && c != '.' && c != '-' && c != '_' && !(ipv6 && (c == ':' || c == '%'))) return false;
  }
  return true;
}

}  // namespace

Result<Endpoint> parse_base_url(std::string_view url) {
  Endpoint out;
  if (url == "mock:") {
    out.scheme = out.host = out.authority = out.id = "mock";
    out.prefix = "/v1";
    return out;
  }
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return bad(url, "must begin with https:// or http://");
  out.scheme = to_lower(url.substr(0, colon));
  if (out.scheme != "https" && out.scheme != "http") return bad(url, "must begin with https:// or http://");

  const std::string_view rest = url.substr(colon + 3);
  for (char c : rest) {
    if (c <= ' ' || c == 0x7f) return bad(url, "holds a space or a control character");
  }
  if (rest.find_first_of("?#") != std::string_view::npos)
    return bad(url, "may not have a query or a fragment");
  const size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) out.prefix = rest.substr(slash);
  while (out.prefix.ends_with('/')) out.prefix.pop_back();
  if (authority.find('@') != std::string_view::npos) {
    return bad("", "may not hold a user or password; give the key under [[providers.X.keys]]");
  }

  std::string_view host = authority, port;
  const bool ipv6 = authority.starts_with('[');
  if (ipv6) {
    const size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad(url, "has '[' without ']'");
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && !port.starts_with(':')) return bad(url, "has something behind ']' that is no port");
  } else if (const size_t at = authority.find(':'); at != std::string_view::npos) {
    host = authority.substr(0, at);
    port = authority.substr(at);
  }
  if (!host_ok(host, ipv6)) return bad(url, "has no valid host");
  out.host = to_lower(host);
  out.port = out.secure() ? 443 : 80;
  if (!port.empty()) {
    const auto number = to_number<uint16_t>(port.substr(1));
    if (!number || *number == 0) return bad(url, "has no valid port");
    out.port = *number;
  }
  out.authority = ipv6 ? "[" + out.host + "]" : out.host;
  if (out.port != (out.secure() ? 443 : 80)) out.authority += ":" + std::to_string(out.port);
  out.id = out.scheme + "://" + out.authority;
  return out;
}

}  // namespace llmgw::net
