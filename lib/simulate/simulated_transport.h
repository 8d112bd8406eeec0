#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/fiber.h"
#include "net/transport.h"

namespace llmgw::simulate {

// How one modelled call goes, on the wire: when its head comes, and what follows. Times count from the
// call's sending; events are in their order.
struct SimulatedCall {
  enum class Connect : uint8_t { ok, refused, silent };
  struct Event {
    enum class Kind : uint8_t { bytes, end, cut };
    Duration at{};
    Kind kind = Kind::bytes;
    std::string bytes;
  };

  Connect connect = Connect::ok;
  Duration connect_time{};                       // before send() returns
  std::optional<Duration> head_at = Duration{};  // none: silence for ever
  bool broken_head = false;                      // at `head_at` the connection breaks instead
  int status = 200;
  net::Headers headers;
  std::vector<Event> body;  // what ends without `end` or `cut` is silent from there on
};

// One call that an upstream saw.
struct SeenCall {
  TimePoint at{};           // when it was sent
  TimePoint left = kNever;  // when the caller let go of it; kNever: it holds it still
  std::string host, target, authorization;
  std::string body;
  net::Headers headers;
  bool connected = false;    // the request reached the upstream
  bool read_to_end = false;  // the caller has read the body's end
};

// Upstreams as models: every call is answered by a function, in the scheduler's time, and written down. Not
// thread-safe; one for each simulated world.
class SimulatedTransport final : public net::Transport {
 public:
  // Says how a call goes. Called when it is sent; must not suspend.
  using Model = std::function<SimulatedCall(const SeenCall&)>;

  SimulatedTransport(net::Scheduler& fibers, Model model) : fibers_(fibers), model_(std::move(model)) {}

  Result<std::unique_ptr<net::Exchange>> send(net::Call) override;

  const std::vector<std::unique_ptr<SeenCall>>& calls() const { return calls_; }

 private:
  net::Scheduler& fibers_;
  Model model_;
  std::vector<std::unique_ptr<SeenCall>> calls_;
};

}  // namespace llmgw::simulate
