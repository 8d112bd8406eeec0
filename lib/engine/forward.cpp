#include "engine/forward.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace llmgw::engine {
namespace {

// Lower case.
constexpr std::array<std::string_view, 4> kCredentials = {"authorization", "x-api-key", "api-key",
                                                          "x-goog-api-key"};
constexpr std::array<std::string_view, 3> kAccount = {"openai-organization", "openai-project",
                                                      "chatgpt-account-id"};

constexpr std::array<std::string_view, 23> kKeptBack = {
    // hop-by-hop (RFC 9110, 7.6.1) and framing
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    "content-length", "expect", "host", "accept-encoding", "proxy-authorization", "proxy-authenticate",
    // what else belongs to the client alone
    "x-amz-security-token", "x-amz-date", "x-amz-content-sha256", "amz-sdk-request", "amz-sdk-invocation-id",
    "cookie",
    // our own, and what a browser says of its page
    "origin", "referer", "x-request-id", "content-encoding"};

constexpr std::array<std::string_view, 13> kReplyKeptBack = {
    "connection",        "keep-alive",     "proxy-connection", "te",   "trailer", "transfer-encoding",
    "upgrade",           "content-length", "set-cookie",       "date", "alt-svc", "strict-transport-security",
    "proxy-authenticate"};

template <size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [&](std::string_view n) { return n.size() == name.size() && iequals(n, name); });
}

bool starts_with(std::string_view name, std::string_view lower_case) {
  return name.size() > lower_case.size() && iequals(name.substr(0, lower_case.size()), lower_case);
}

// AWS's: made for the request as it came to us, hence worth nothing further up.
bool is_signature(std::string_view value) {
  return starts_with(value, "aws4-");
}

}  // namespace

bool has_credential(const net::Headers& client) {
  return !credential(client).empty();
}

std::string_view credential(const net::Headers& client) {
  for (const auto name : kCredentials) {
    if (const auto value = client.get(name); !value.empty() && !is_signature(value)) return value;
  }
  return {};
}

void append_credentials(const net::Headers& client, net::Headers& out) {
  for (const auto field : client) {
    const bool kept = among(kCredentials, field.name) || among(kAccount, field.name);
    if (kept && !is_signature(field.value)) out.add(field.name, field.value);
  }
}

net::Headers forwarded_request_headers(const net::Headers& client) {
  net::Headers out;
  for (const auto field : client) {
    const bool kept = starts_with(field.name, "x-llmgw-") || starts_with(field.name, "sec-") ||
                      among(kKeptBack, field.name) || among(kCredentials, field.name) ||
                      among(kAccount, field.name);
    if (!kept) out.add(field.name, field.value);
  }
  return out;
}

void append_websocket_headers(const net::Headers& client, net::Headers& out) {
  for (const std::string_view name : {"Sec-WebSocket-Key", "Sec-WebSocket-Version"})
    out.add(name, client.get(name));
  std::string protocols;
  for (const auto field : client) {
    if (!iequals(field.name, "sec-websocket-protocol")) continue;
    for (const auto each : split(field.value, ',')) {
      const auto protocol = trim(each);
      const bool credential = protocol.starts_with("openai-") && protocol.find('.') != std::string_view::npos;
      if (protocol.empty() || credential) continue;
      protocols.append(protocols.empty() ? "" : ", ").append(protocol);
    }
  }
  if (!protocols.empty()) out.add("Sec-WebSocket-Protocol", protocols);
}

void append_forwarded_reply_headers(const net::Headers& upstream, net::Headers& out) {
  const auto of_this_hop = upstream.names_of_this_hop();
  for (const auto field : upstream) {
    const bool kept = starts_with(field.name, "x-llmgw-") || starts_with(field.name, "access-control-") ||
                      among(kReplyKeptBack, field.name) || among(kCredentials, field.name) ||
                      std::ranges::any_of(of_this_hop, [&](const auto& n) { return iequals(n, field.name); });
    if (!kept) out.add(field.name, field.value);
  }
}

}  // namespace llmgw::engine
