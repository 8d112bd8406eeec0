#pragma once

#include "net/transport.h"

namespace llmgw::net {

// Sends `call` and reads its whole reply, until `by`; of a longer body than `most` bytes only the beginning,
// by no more than one read past it. On a fiber of the transport's loop. Errors: those of send(), head() and
// read().
Result<HttpResponse> whole_reply(Transport& transport, Call call, TimePoint by, size_t most);

}  // namespace llmgw::net
