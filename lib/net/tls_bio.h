#pragma once

#include <openssl/bio.h>

#include "net/loop.h"

namespace llmgw::net {

// What TLS reads from and writes to: the handle's socket, never waiting, never raising SIGPIPE. It tells the
// handle when the socket is empty or full, which OpenSSL's own does not: that spares a failing read for each
// reply. `handle` outlives it. The caller owns it, or gives it to SSL_set_bio.
BIO* handle_bio(Handle& handle);

}  // namespace llmgw::net
