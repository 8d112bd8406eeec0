#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "net/duplex.h"
#include "net/http_message.h"
#include "net/http_parser.h"
#include "net/stream.h"

namespace llmgw::net {

struct BodyStore;

// Writes the reply to one request, whole or piece by piece. Every write waits for a slow
// client, up to a minute without a byte taken. Belongs to the request's fiber.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // Everything at once.
  virtual Result<void> send(int status, const Headers&, std::string_view body) = 0;
  // The head of a reply whose length isn't known; write() follows, then end().
  virtual Result<void> begin(int status, const Headers&) = 0;
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual Result<void> end() = 0;
  // Answers 101 for the protocol WebSocket: the connection is the caller's until its handler returns, and
  // closes then. The client's going is told by its bytes alone from now on. nullptr: the reply has no
  // connection of its own.
  virtual Result<Duplex*> switch_to_websocket(const Headers&) { return nullptr; }
  // Breaks the connection off, so that the client can't take what it has for the whole.
  virtual void abort() = 0;
  // Whether a byte of the reply was sent.
  virtual bool begun() const = 0;
  // The request's body takes so many bytes more than came, or fewer below 0 (it is decoded): until the reply
  // begins they count in max_buffered. Fails with overloaded, 503, when that is spent.
  virtual Result<void> hold(int64_t) { return {}; }
};

// What a server does with requests; shared by all loops, called on a fiber each.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Replies, or aborts the reply. What it leaves unanswered, or throws, is a 500 to the client.
  virtual void handle(HttpRequest&, ResponseWriter&) = 0;
  // The body and its content type for a request that is refused before it could be handled. `request` is as
  // far as it was understood.
  virtual std::string refusal(const HttpFault&, const HttpRequest& request) = 0;
};

struct ServerOptions {
  HttpLimits limits;
  int64_t max_buffered = 512 << 20;   // bodies held together, all loops
  int max_connections = 16384;        // all loops
  Duration head = 10s;                // from a request's first byte to the end of its head
  Duration body = 60s;                // between two bytes of a body
  Duration idle = 75s;                // a kept connection without a request
  Duration stall = 60s;               // a client that takes no byte
  const BodyStore* bodies = nullptr;  // for forms above 1 MiB, outlives the server; none: all stay in memory
};

// What the loops of one server share.
struct ServerState {
  std::atomic<int> connections{0};
  std::atomic<int> turned_away{0};    // connections beyond max_connections that are being told so
  std::atomic<int> requests{0};       // being handled
  std::atomic<int64_t> buffered{0};   // bytes of bodies held
  std::atomic<bool> draining{false};  // every reply closes its connection
  std::atomic<bool> closed{false};    // drained: what still comes is refused with 503
};

// An HTTP/1.1 server on one loop. Pipelined requests are answered in order.
class HttpServer {
 public:
  // `handler` and `state` outlive the server and its connections.
  HttpServer(Loop&, HttpHandler&, const ServerOptions&, ServerState&);
  // For what comes from now on. On the loop's thread, as all members.
  void set_options(const ServerOptions& options) { options_ = options; }
  ~HttpServer();

  // Accepts from `fd`, a listening socket, which it takes over.
  void listen(int fd);
  // Stops accepting.
  void close_listeners();
  // Ends the connections that wait for a request; those being served go on.
  void close_idle();
  // Cancels what still runs.
  void cancel_all();

 private:
  class Connection;
  void accept_from(const std::shared_ptr<Handle>& listener);
  void serve(int fd);
  void turn_away(int fd);
  void spawn(int fd, std::function<void(Connection&)> body, std::atomic<int>& count);

  Loop& loop_;
  HttpHandler& handler_;
  ServerOptions options_;
  ServerState& state_;
  std::vector<std::pair<std::shared_ptr<Handle>, Fiber*>> listeners_;
  std::unordered_set<Connection*> connections_;
};

// A listening TCP socket on "host:port" or "[v6]:port", with SO_REUSEPORT, so that each loop has its own.
// Fails with bad_request and a text for people ("port 8484 is in use by another program").
Result<int> open_listener(const std::string& address);
// The port a listening socket got, for "host:0".
uint16_t local_port(int fd);

}  // namespace llmgw::net
