#pragma once

#include "net/dial.h"

namespace llmgw::cmd {

// HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either case, as curl reads them.
net::ProxySettings proxy_settings();

}  // namespace llmgw::cmd
