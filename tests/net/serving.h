#pragma once

#include <functional>
#include <thread>

#include <doctest/doctest.h>

#include "net/dial.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "tests/net/on_loop.h"

namespace llmgw::net {

// A server on a free port of 127.0.0.1 and a client, on one loop. The test's body runs on a
// fiber of that loop; when it ends, all ends.
class Serving final : public HttpHandler {
 public:
  using Handle = std::function<void(HttpRequest&, ResponseWriter&)>;
  explicit Serving(Handle handle, ServerOptions options = {})
      : handle_(std::move(handle)), options_(options) {
    const int fd = open_listener("127.0.0.1:0").value();
    port = local_port(fd);
    server.listen(fd);
  }

  void run(const std::function<void()>& body) {
    run_on(loop, [&] {
      body();
      server.close_listeners();
      server.cancel_all();
    });
  }

  Endpoint endpoint() const { return parse_base_url("http://127.0.0.1:" + std::to_string(port)).value(); }

  std::unique_ptr<Stream> connect() {
    return dial(loop, resolver, proxy, endpoint(), after(loop.now(), 30s)).value();
  }

  // Writes `request` raw and reads until the server closes, or for 300 ms of silence.
  std::string raw(std::string_view request) {
    auto stream = connect();
    (void)stream->write(request, 30s);
    std::string reply;
    char buffer[4096];
    for (;;) {
      auto n = stream->read(buffer, after(loop.now(), 300ms));
      if (!n || *n == 0) return reply;
      reply.append(buffer, *n);
    }
  }

  void handle(HttpRequest& request, ResponseWriter& writer) override { handle_(request, writer); }
  std::string refusal(const HttpFault& fault, const HttpRequest&) override { return fault.message; }

 private:
  Handle handle_;
  ServerOptions options_;

 public:
  Loop loop;
  Resolver resolver;
  ProxySettings proxy;
  ServerState state;
  HttpClient client{loop, resolver, proxy};
  HttpServer server{loop, *this, options_, state};
  uint16_t port = 0;
};

// What is left of the reply's body.
inline std::string whole_body(Exchange& exchange, TimePoint deadline) {
  std::string body;
  for (;;) {
    auto piece = exchange.read(deadline);
    REQUIRE(piece);
    if (piece->empty()) return body;
    body += *piece;
  }
}

}  // namespace llmgw::net
