#include "simulate/mock/mock_transport.h"

#include "simulate/mock/pipe.h"

namespace llmgw::simulate {

Result<std::unique_ptr<net::Exchange>> MockTransport::send(net::Call call) {
  if (call.endpoint->scheme != "mock") return others_.send(std::move(call));
  return open_pipe(fibers_, handler_, std::move(call));
}

}  // namespace llmgw::simulate
