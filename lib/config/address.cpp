#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/check.h"

// The checks of hosts, ports and URLs (RFC 3986, without what a provider has no use for).
namespace llmgw::config::check {
namespace {

bool ip(int family, std::string_view text) {
  std::array<unsigned char, 16> address{};
  return text.size() < INET6_ADDRSTRLEN && inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

bool host_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '.' || text.find("..") != text.npos) return false;
  return std::ranges::all_of(text, [](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return ip(AF_INET6, text.substr(1, text.size() - 2));
  return host_name(text);
}

// Splits "host:port" behind the host; the port with its ':' may be absent.
std::pair<std::string_view, std::string_view> split_port(std::string_view authority) {
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  if (colon == authority.npos) return {authority, {}};
  return {authority.substr(0, colon), authority.substr(colon)};
}

bool is_port(std::string_view text, int least) {
  const auto port = to_number<int>(text);
  return port && *port >= least && *port <= 65535 && text.front() != '-';
}

Wrong authority(std::string_view text) {
  if (text.find('@') != text.npos) return "must not hold credentials; put them into a key";
  const auto [host, port] = split_port(text);
  if (host.empty()) return "has no host";
  if (!is_host(host)) return "has no valid host";
  if (!port.empty() && !is_port(port.substr(1), 1)) return "has no valid port";
  return std::nullopt;
}

Wrong http_url(std::string_view text, bool query) {
  std::string_view rest = text;
  if (iequals(rest.substr(0, 8), "https://")) {
    rest.remove_prefix(8);
  } else if (iequals(rest.substr(0, 7), "http://")) {
    rest.remove_prefix(7);
  } else {
    return "must begin with http:// or https://";
  }
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return "holds a space or a control character";
  }
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  if (auto wrong = authority(rest.substr(0, end))) return wrong;
  rest.remove_prefix(end);
  if (rest.find('#') != rest.npos) return "must not hold a fragment";
  if (!query && rest.find('?') != rest.npos) return "must not hold a query";
  return std::nullopt;
}

}  // namespace

Wrong listen(std::string_view text) {
  const auto [host, port] = split_port(text);
  if (!is_host(host) || port.empty() || !is_port(port.substr(1), 0)) {
    return "must be an address and a port such as \"127.0.0.1:8484\"";
  }
  return std::nullopt;
}

bool loopback(std::string_view listen) {
  const auto host = split_port(listen).first;
  if (host.starts_with("127.") && ip(AF_INET, host)) return true;
  if (host.starts_with('[')) {
    in6_addr address{};
    return inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) == 1 &&
           IN6_IS_ADDR_LOOPBACK(&address);
  }
  return iequals(host, "localhost");
}

Wrong host(std::string_view text) {
  if (!is_host(text)) return "must be a host name without scheme, port or path";
  return std::nullopt;
}

Wrong origin(std::string_view text) {
  if (text == "*" || text == "null") return "must name one origin; any page of that kind could call llmgw";
  const auto scheme = text.find("://");
  const bool named = scheme != text.npos && scheme > 0 && host_name(text.substr(0, scheme));
  if (!named || authority(text.substr(scheme + 3))) {
    return "must be an origin such as \"https://app.example\", without a path";
  }
  return std::nullopt;
}

Wrong base_url(std::string_view text) {
  return http_url(text, false);
}
Wrong url(std::string_view text) {
  return http_url(text, true);
}

Wrong redis_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("rediss://")) {
    rest.remove_prefix(9);
  } else if (rest.starts_with("redis://")) {
    rest.remove_prefix(8);
  } else {
    return "must begin with redis:// or rediss://";
  }
  if (const auto at = rest.rfind('@'); at != rest.npos) rest.remove_prefix(at + 1);
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto database = rest.substr(slash);
  if (database.size() > 1 && !to_number<unsigned>(database.substr(1))) return "has no valid database number";
  return authority(rest.substr(0, slash));
}

}  // namespace llmgw::config::check
