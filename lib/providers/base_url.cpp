#include "providers/base_url.h"

#include "base/text.h"

namespace llmgw::providers {
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

std::string BaseUrl::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const uint16_t usual = tls() ? 443 : 80;
  if (port != usual) out += ":" + std::to_string(port);
  return out;
}

std::string BaseUrl::text() const {
  return mock() ? "mock:" : scheme + "://" + authority() + prefix;
}

Result<BaseUrl> parse_base_url(std::string_view url) {
  BaseUrl out;
  if (url == "mock:") {
    out.scheme = "mock";
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
  out.port = out.tls() ? 443 : 80;
  if (!port.empty()) {
    const auto number = to_number<uint16_t>(port.substr(1));
    if (!number || *number == 0) return bad(url, "has no valid port");
    out.port = *number;
  }
  return out;
}

}  // namespace llmgw::providers
