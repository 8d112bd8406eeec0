#pragma once

#include "dialects/request.h"
#include "net/http_message.h"

namespace llmgw::service {

// Reads the fields that a client may set (docs: "The reply"): x-llmgw-fallbacks, -commit, -timeout,
// -provider, -tag-NAME, x-request-id, traceparent, and the timeout that an SDK announces. A bad
// value is a bad_request that names the field. Call it after the body was read: fallbacks in the body win.
Result<void> read_request_headers(const net::Headers&, dialects::Request&);

}  // namespace llmgw::service
