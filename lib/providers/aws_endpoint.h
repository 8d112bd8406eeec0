#pragma once

#include <string>

#include "base/error.h"
#include "net/headers.h"
#include "net/http_message.h"

namespace llmgw::providers {

// Asks a credential endpoint over a loop of its own: blocks the calling thread, at most 2 s. Plain http only
// to this machine's own addresses and the link-local ones that AWS gives these services. Errors: network,
// timeout, auth for another host.
Result<net::HttpResponse> ask_aws_endpoint(const std::string& method, const std::string& url,
                                           const net::Headers& headers);

}  // namespace llmgw::providers
