#include "engine/forward.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace llmgw::engine {
namespace {

// Lower case.
constexpr std::array<std::string_view, 26> kKeptBack = {
    // hop-by-hop (RFC 9110, 7.6.1) and framing
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length",
    "expect", "host", "accept-encoding", "proxy-authorization", "proxy-authenticate",
    // credentials and what belongs to one account
    "authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token", "x-amz-date", "cookie",
    "openai-organization", "openai-project",
    // our own, and what a browser says of its page
    "origin", "referer", "x-request-id", "content-encoding"};

constexpr std::array<std::string_view, 13> kReplyKeptBack = {
    "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    "content-length", "set-cookie", "date", "alt-svc", "strict-transport-security", "proxy-authenticate"};

template <size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view n) { return n.size() == name.size() && iequals(n, name); });
}

}  // namespace

net::Headers forwarded_request_headers(const net::Headers& client) {
  net::Headers out;
  for (const auto field : client) {
    const bool ours = field.name.size() > 8 && iequals(field.name.substr(0, 8), "x-llmgw-");
    const bool fetch = field.name.size() > 4 && iequals(field.name.substr(0, 4), "sec-");
    if (!ours && !fetch && !among(kKeptBack, field.name)) out.add(field.name, field.value);
  }
  return out;
}

void append_forwarded_reply_headers(const net::Headers& upstream, net::Headers& out) {
  for (const auto field : upstream) {
    if (!among(kReplyKeptBack, field.name)) out.add(field.name, field.value);
  }
}

}  // namespace llmgw::engine
