#include "simulate/simulated_transport.h"

namespace llmgw::simulate {
namespace {

// Plays a SimulatedCall's events as their times come.
class SimulatedExchange final : public net::Exchange {
 public:
  SimulatedExchange(net::Scheduler& fibers, SimulatedCall call, SeenCall& seen)
      : fibers_(fibers), call_(std::move(call)), seen_(seen), sent_(fibers.now()) {
    response_.status = call_.status;
    response_.headers = call_.headers;
  }
  ~SimulatedExchange() override { seen_.left = fibers_.now(); }

  Result<const net::HttpResponse*> head(TimePoint deadline) override {
    const TimePoint due = call_.head_at ? after(sent_, *call_.head_at) : kNever;
    if (auto waited = wait(due, deadline); !waited) return fail(std::move(waited.error()));
    if (call_.broken_head)
      return fail(ErrorClass::network, "the upstream closed the connection without an answer");
    return &response_;
  }

  Result<std::string_view> read(TimePoint deadline) override {
    using Kind = SimulatedCall::Event::Kind;
    for (;;) {
      const bool more = next_ < call_.body.size();
      if (auto waited = wait(more ? after(sent_, call_.body[next_].at) : kNever, deadline); !waited) {
        return fail(std::move(waited.error()));
      }
      const auto& event = call_.body[next_];
      if (event.kind == Kind::end) {
        seen_.read_to_end = true;
        return std::string_view{};
      }
      if (event.kind == Kind::cut) {
        return fail(ErrorClass::network, "the upstream closed the connection before the end of its answer");
      }
      ++next_;
      if (!event.bytes.empty()) return std::string_view(event.bytes);
    }
  }

 private:
  // A cancelled caller learns of it even when bytes are there: sockets tell no other way.
  Result<void> wait(TimePoint due, TimePoint deadline) {
    while (fibers_.now() < due) {
      const net::Wake why = fibers_.sleep_until(std::min(due, deadline));
      if (why == net::Wake::cancelled) return fail(net::wait_error(why, "waiting for the upstream"));
      if (fibers_.now() >= deadline && fibers_.now() < due) {
        return fail(net::wait_error(net::Wake::timeout, "waiting for the upstream"));
      }
    }
    return {};
  }

  net::Scheduler& fibers_;
  SimulatedCall call_;
  SeenCall& seen_;
  TimePoint sent_;
  net::HttpResponse response_;
  size_t next_ = 0;
};

}  // namespace

Result<std::unique_ptr<net::Exchange>> SimulatedTransport::send(net::Call call) {
  auto& seen = *calls_.emplace_back(std::make_unique<SeenCall>());
  seen.at = fibers_.now();
  seen.host = call.endpoint->host;
  seen.target = call.target;
  seen.authorization = call.headers.get("authorization");
  seen.body = call.body;
  seen.headers = std::move(call.headers);
  SimulatedCall plan = model_(seen);

  const TimePoint connect_by = std::min(call.deadline, after(fibers_.now(), call.connect));
  const bool silent = plan.connect == SimulatedCall::Connect::silent;
  const TimePoint connected = silent ? kNever : after(fibers_.now(), plan.connect_time);
  if (connected > fibers_.now()) {
    const net::Wake why = fibers_.sleep_until(std::min(connected, connect_by));
    if (why == net::Wake::cancelled || fibers_.now() < connected) {
      seen.left = fibers_.now();
      return fail(net::wait_error(why == net::Wake::cancelled ? why : net::Wake::timeout, "connecting"));
    }
  }
  if (plan.connect == SimulatedCall::Connect::refused) {
    seen.left = fibers_.now();
    return fail(ErrorClass::network, "connection refused by " + seen.host);
  }
  seen.connected = true;
  return std::make_unique<SimulatedExchange>(fibers_, std::move(plan), seen);
}

}  // namespace llmgw::simulate
