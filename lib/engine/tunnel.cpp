// A WebSocket: the provider's connection carried to the client, byte for byte, until either side ends it.
#include "dialects/realtime.h"
#include "engine/run.h"
#include "net/websocket.h"

namespace llmgw::engine {
namespace {

constexpr Duration kQuiet = 1h;  // without a byte from one side; both vendors' sessions end by then

// One way of the tunnel. Ends by itself, or when the fiber that carries it is cancelled.
struct Way {
  net::Duplex& from;
  net::Duplex& to;
  std::function<void(std::string_view)> see{};
  std::optional<Error> fault{};    // of reading; none: the end
  std::optional<Error> refused{};  // of writing

  void carry(const net::Scheduler& fibers) {
    for (;;) {
      const auto bytes = from.read(after(fibers.now(), kQuiet));
      if (!bytes) fault = bytes.error();
      if (!bytes || bytes->empty()) return;
      if (see) see(*bytes);
      if (auto written = to.write(*bytes); !written) {
        refused = std::move(written.error());
        return;
      }
    }
  }
};

}  // namespace

void Run::deliver_tunnel(Outcome& outcome) {
  auto& tunnel = std::get<Tunnel>(outcome.what);
  auto& fibers = world_.fibers;
  auto& record = record_of(outcome);
  record.first_content = now() - arrived_ - record.started;
  record_.first_content = now() - arrived_;
  const auto headers = reply_headers(tunnel.headers, &outcome);
  request_.release_message();
  forwarded_ = {};

  observe::Usage usage;
  std::optional<ErrorClass> error_class;
  net::Duplex* upstream = tunnel.exchange->duplex();
  const auto switched = writer_.switch_to_websocket(headers);
  if (!switched || *switched == nullptr || upstream == nullptr) {
    error_class = ErrorClass::cancelled;
    writer_.abort();
  } else {
    net::Duplex& client = **switched;
    net::WebSocketWatch watch;
    Way down{*upstream, client, [&](std::string_view bytes) {
               watch.feed(bytes);
               while (const auto message = watch.next()) dialects::add_realtime_usage(*message, usage);
             }};
    Way up{client, *upstream};
    bool up_ended = false;
    net::Event ended(fibers);
    net::Fiber* up_fiber = fibers.spawn([&] {
      up.carry(fibers);
      up_ended = true;
      fibers.cancel(fiber_, net::CancelCause::other_side);
      ended.notify_all();
    });
    fibers.shed_stack();
    down.carry(fibers);
    const bool by_client = up_ended && !up.refused;
    fibers.uncancel(fiber_, net::CancelCause::other_side);
    const net::Scheduler::Shield shield(fibers);
    if (!up_ended) fibers.cancel(up_fiber, net::CancelCause::other_side);
    while (!up_ended) ended.wait(kNever);
    if (shutting_down()) {
      error_class = ErrorClass::overloaded;
      record.message = "the gateway is shutting down";
      if (watch.between_frames()) (void)client.write(net::websocket_close(net::WebSocketClose::going_away));
    } else if (!by_client && !down.refused && (down.fault || up.refused)) {
      error_class = ErrorClass::network;
      record.message = "the WebSocket broke: " + (down.fault ? *down.fault : *up.refused).message;
      record_.cut = true;
      if (watch.between_frames() && !watch.closed())
        (void)client.write(net::websocket_close(net::WebSocketClose::bad_gateway));
    }
  }
  tunnel.exchange.reset();
  note_usage(outcome, usage);
  record.took = now() - arrived_ - record.started;
  record.error_class = error_class;
  auto& state = *target(outcome.link).state;
  if (error_class != ErrorClass::cancelled && !shutting_down()) state.report(!error_class, now());
  const Failure failure{.error = Error{.error_class = error_class.value_or(ErrorClass::cancelled)}};
  (void)run_after(outcome, {.failure = error_class ? &failure : nullptr, .cut = record_.cut});
  finish(&outcome, 101, error_class);
}

}  // namespace llmgw::engine
