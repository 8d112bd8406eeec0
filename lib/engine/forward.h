#pragma once

#include "net/headers.h"

namespace llmgw::engine {

// The client's fields that go upstream: all but hop-by-hop ones, credentials, cookies, what
// describes our own connection, and the gateway's own.
net::Headers forwarded_request_headers(const net::Headers& client);

// Appends the upstream's fields that go to the client: all but hop-by-hop ones, cookies and framing.
void append_forwarded_reply_headers(const net::Headers& upstream, net::Headers& out);

}  // namespace llmgw::engine
