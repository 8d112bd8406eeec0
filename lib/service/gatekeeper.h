#pragma once

#include "base/error.h"
#include "config/config.h"
#include "net/http_message.h"

namespace llmgw::service {

// Whether the request may come in at all: its Host is one of ours (DNS rebinding), its Origin
// granted (a page in somebody's browser). Errors: policy, 403, naming the line to add.
Result<void> check_host(const net::HttpRequest&, const config::Server&);
Result<void> check_origin(const net::HttpRequest&, const config::Server&);

// Whether a call of the admin API may be made: with the token, or from this machine and not
// through a proxy when there is none. Errors: auth, 401; policy, 403.
Result<void> check_admin(const net::HttpRequest&, const config::Server&);

}  // namespace llmgw::service
