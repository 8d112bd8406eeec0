#pragma once

#include "net/headers.h"

namespace llmgw::engine {

// The client's fields that go upstream: all but hop-by-hop ones, credentials, cookies, what
// describes our own connection, and the gateway's own.
net::Headers forwarded_request_headers(const net::Headers& client);

// The client's own credentials, and what belongs to its account; for a provider with `forward_auth`.
bool has_credential(const net::Headers& client);
// The first of them; empty: there is none. Points into `client`.
std::string_view credential(const net::Headers& client);
void append_credentials(const net::Headers& client, net::Headers& out);

// What opens a WebSocket, from the client's fields to the upstream's. Without its extensions: frames stay
// readable. And without the credentials that pages in browsers put among the subprotocols
// ("openai-insecure-api-key.…").
void append_websocket_headers(const net::Headers& client, net::Headers& out);

// Appends the upstream's fields that go to the client: all but hop-by-hop ones, cookies,
// framing, credentials that it echoes, and what is ours to say (CORS, x-llmgw-*).
void append_forwarded_reply_headers(const net::Headers& upstream, net::Headers& out);

}  // namespace llmgw::engine
