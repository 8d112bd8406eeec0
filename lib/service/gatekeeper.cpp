#include "service/gatekeeper.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::service {
namespace {

// "host", "host:port" or "[v6]:port" (RFC 9110, 7.2) without its port; empty when it is none of them.
std::string_view without_port(std::string_view authority) {
  const size_t end =
      authority.starts_with('[') ? authority.find(']') + 1 : std::min(authority.find(':'), authority.size());
  const auto port = authority.substr(end);
  const bool well_formed =
      port.empty() ||
      (port[0] == ':' && std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; }));
  return well_formed ? authority.substr(0, end) : std::string_view{};
}

std::unexpected<Error> refuse(std::string message, std::string code) {
  Error error;
  error.error_class = ErrorClass::policy;
  error.message = std::move(message);
  error.code = std::move(code);
  return fail(std::move(error));
}

bool allows(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const std::string& n) { return iequals(n, name); });
}

}  // namespace

Result<void> check_host(const net::HttpRequest& request, const config::Server& server) {
  const auto host = without_port(request.headers.get("host"));
  const auto listening = without_port(server.listen);
  if (allows(server.allowed_hosts, host) || (!listening.starts_with("0.0.0.0") && iequals(host, listening)))
    return {};
  return refuse("the Host '" + shortened(host, 100) +
                    "' is not one of ours; if it should be, add it to [server] allowed_hosts",
                "foreign_host");
}

Result<void> check_origin(const net::HttpRequest& request, const config::Server& server) {
  const auto origin = request.headers.get("origin");
  if (origin.empty() || allows(server.allowed_origins, origin)) return {};
  // Our own pages.
  if (iequals(origin, "http://" + std::string(request.headers.get("host"))) && check_host(request, server))
    return {};
  return refuse("the Origin '" + shortened(origin, 100) +
                    "' is not granted; if it should be, add it to [server] allowed_origins",
                "foreign_origin");
}

Result<void> check_admin(const net::HttpRequest& request, const config::Server& server) {
  if (server.admin_token) {
    auto given = request.headers.get("authorization");
    if (given.size() > 7 && iequals(given.substr(0, 7), "bearer ")) given.remove_prefix(7);
    if (server.admin_token->equals(given)) return {};
    Error error;
    error.error_class = ErrorClass::auth;
    error.code = "admin_token";
    error.message = "this needs 'Authorization: Bearer' with [server] admin_token";
    return fail(std::move(error));
  }
  for (const std::string_view field : {"forwarded", "x-forwarded-for", "x-real-ip", "via"}) {
    if (request.headers.has(field)) {
      return refuse("without [server] admin_token the admin API is not served through a proxy",
                    "admin_proxied");
    }
  }
  const auto host = without_port(server.listen);
  if (host == "127.0.0.1" || host == "localhost" || host == "[::1]" || host.starts_with("127.")) return {};
  return refuse("without [server] admin_token the admin API is served on loopback only", "admin_remote");
}

}  // namespace llmgw::service
