#pragma once

#include <memory>

#include "net/fiber.h"
#include "net/http_server.h"
#include "net/transport.h"

namespace llmgw::simulate {

// Starts `handler` with the call on a fiber of its own, and gives its reply as an Exchange. Between them is a
// bounded buffer: a writer ahead of its reader waits. Destroying the exchange cancels the handler; a handler
// that aborts, or returns without having ended its reply, is a cut: Error network. The handler must end once
// it is cancelled, and outlives the fibers.
std::unique_ptr<net::Exchange> open_pipe(net::Scheduler&, net::HttpHandler& handler, net::Call);

}  // namespace llmgw::simulate
