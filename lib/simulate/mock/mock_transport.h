#pragma once

#include "net/http_server.h"
#include "net/transport.h"

namespace llmgw::simulate {

// Serves the endpoint "mock:" in this process and hands every other one on.
class MockTransport final : public net::Transport {
 public:
  // All outlive the transport. `handler` is the MockProvider of this thread.
  MockTransport(net::Scheduler& fibers, net::HttpHandler& handler, net::Transport& others)
      : fibers_(fibers), handler_(handler), others_(others) {}

  Result<std::unique_ptr<net::Exchange>> send(net::Call) override;

 private:
  net::Scheduler& fibers_;
  net::HttpHandler& handler_;
  net::Transport& others_;
};

}  // namespace llmgw::simulate
