#pragma once

#include <memory>

#include "base/random.h"
#include "net/fiber.h"
#include "net/http_server.h"
#include "simulate/mock/state.h"

namespace llmgw::simulate {

// Plays a provider: OpenAI's API, Anthropic's, Gemini's and Bedrock's, each at its own paths, with the models
// of behaviour.h and the faults of a scenario. `llmgw mock` puts it behind sockets, MockTransport into this
// process. One a thread; handle() runs on a fiber of `fibers` and takes time and randomness from nowhere
// else.
class MockProvider final : public net::HttpHandler {
 public:
  // `state` is shared by all threads and outlives the provider.
  MockProvider(net::Scheduler& fibers, MockState& state, Random random)
      : fibers_(fibers), state_(state), random_(random) {}

  void handle(net::HttpRequest&, net::ResponseWriter&) override;
  std::string refusal(const net::HttpFault&, const net::HttpRequest&) override;

 private:
  net::Scheduler& fibers_;
  MockState& state_;
  Random random_;
};

}  // namespace llmgw::simulate
