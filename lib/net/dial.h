#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/environment.h"
#include "net/endpoint.h"
#include "net/resolver.h"
#include "net/stream.h"

namespace llmgw::net {

// The proxy for https upstreams, as curl and the SDKs read it from the environment.
struct ProxySettings {
  std::string url;                    // HTTPS_PROXY: "http://[user:password@]host:port"; empty: none
  std::vector<std::string> excluded;  // NO_PROXY: names, ".suffixes", addresses, "*"

  // Whether `host` goes straight although a proxy is set.
  bool excludes(std::string_view host) const;
};

// HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case, as curl reads them.
ProxySettings proxy_settings(const config::Environment&);

// Makes a connection to the endpoint: looks it up, tries its addresses (RFC 8305: both
// families in turn, the next one after 250 ms), goes through the proxy by CONNECT, shakes
// hands. Called on a fiber. Errors: network, timeout, cancelled.
Result<std::unique_ptr<Stream>> dial(Loop&, Resolver&, const ProxySettings&, const Endpoint&,
                                     TimePoint deadline);

}  // namespace llmgw::net
