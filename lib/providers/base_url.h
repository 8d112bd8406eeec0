#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace llmgw::providers {

// Where a provider lives. "mock:" is the built-in simulator: no host.
struct BaseUrl {
  std::string scheme;  // "https", "http" or "mock"
  std::string host;    // without the brackets of an IPv6 address
  uint16_t port = 0;
  std::string prefix;  // the path, without a slash at its end: "/v1", or empty

  bool tls() const { return scheme == "https"; }
  bool mock() const { return scheme == "mock"; }
  // For the Host header: the port only when it is not the scheme's own.
  std::string authority() const;
  std::string text() const;
};

// Fails, saying why, on anything but http(s)://host[:port][/path] and "mock:": no user, query or fragment.
Result<BaseUrl> parse_base_url(std::string_view url);

}  // namespace llmgw::providers
