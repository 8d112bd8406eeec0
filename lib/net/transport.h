#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/body_file.h"
#include "net/duplex.h"
#include "net/endpoint.h"
#include "net/http_message.h"

namespace llmgw::net {

// One call to an upstream. The views and the endpoint outlive the Exchange that is made of it.
struct Call {
  const Endpoint* endpoint = nullptr;
  std::string_view method = "POST";
  std::string target;  // path and query, prefix included
  Headers headers;     // without Host, Content-Length and connection fields
  std::string_view body;
  std::optional<FileBody> upload;  // in place of `body`
  bool websocket = false;          // asks for that protocol
  bool once = false;               // must not be sent again once a byte of the body went out
  Duration connect = 5s;           // for DNS, connect, TLS together
  TimePoint deadline = kNever;     // of the request's sending
};

// A request that was sent, and its reply as it comes. Destroying it before the end closes the
// connection, which tells the upstream to stop.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Status and fields, once; waits at most until `deadline`, and may be asked again after a timeout.
  virtual Result<const HttpResponse*> head(TimePoint deadline) = 0;
  // The next bytes of the body, decoded; empty at its end, again and again. They hold until the next
  // call. Fails with network when the body is cut; may be asked again after a timeout.
  virtual Result<std::string_view> read(TimePoint deadline) = 0;
  // The connection, once head() is a 101 that the call asked for; it lives as long as the exchange. nullptr:
  // the protocol was not switched.
  virtual Duplex* duplex() { return nullptr; }
};

// How the engine reaches upstreams: sockets in serve and ask, models of upstreams in the simulator.
class Transport {
 public:
  virtual ~Transport() = default;
  // Connects and sends. Errors: network, timeout (connecting), cancelled.
  virtual Result<std::unique_ptr<Exchange>> send(Call call) = 0;
};

// How the engine waits: the loop's fibers in serve and ask, the simulator's in virtual time.
class Scheduler;
using Fibers = Scheduler;

}  // namespace llmgw::net
