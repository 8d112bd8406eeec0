#pragma once

#include "ask/session.h"
#include "net/http_message.h"

namespace llmgw::ask {

// GETs `url` for a probe: one connection, no proxy, within `timeout`; a body above 1 MiB is cut. `verify`
// false takes any certificate, which a probe of our own listener may. Errors: bad_request for a URL that is
// none, network, timeout, cancelled.
Result<net::HttpResponse> fetch(Session&, const std::string& url, Duration timeout, bool verify);

}  // namespace llmgw::ask
