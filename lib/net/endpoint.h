#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace llmgw::net {

class TlsContext;

// Where a provider is reached: the parsed base URL and how to trust it. Immutable, shared.
struct Endpoint {
  std::string scheme;  // "http" or "https", or "mock": served in this process
  std::string host;    // lower case; an IPv6 address without its brackets
  uint16_t port = 0;
  std::string prefix;                     // the base URL's path without a trailing '/': "/v1"
  std::string authority;                  // the Host field: "api.openai.com", "[::1]:8080"
  std::string id;                         // connections of one id are interchangeable
  std::shared_ptr<const TlsContext> tls;  // https only

  bool secure() const { return scheme == "https"; }
};

// Parses "https://host[:port][/prefix]" and "mock:", the built-in simulator. Fails with bad_request, saying
// why, on anything else: another scheme, credentials, a query, a fragment. `tls` stays empty.
Result<Endpoint> parse_base_url(std::string_view url);

}  // namespace llmgw::net
