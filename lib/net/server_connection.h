#pragma once

#include "net/http_server.h"
#include "net/incoming_body.h"

namespace llmgw::net {

// One client connection: requests in, replies out, on one fiber.
class HttpServer::Connection final : public ResponseWriter {
 public:
  // Takes over `fd`, a connected socket. `server` outlives it.
  Connection(HttpServer& server, int fd);
  ~Connection() override { release(); }

  // Serves requests until the connection ends. On its fiber, as is turn_away().
  void run();
  // Says why it is not served, and closes.
  void turn_away(const HttpFault&);

  void close_if_idle();
  void cancel();

  Result<void> send(int status, const Headers& headers, std::string_view body) override;
  Result<void> begin(int status, const Headers& headers) override;
  Result<void> write(std::string_view bytes) override;
  Result<void> end() override;
  Result<Duplex*> switch_to_websocket(const Headers& headers) override;
  void abort() override;
  bool begun() const override { return begun_; }
  Result<void> hold(int64_t more) override;

 private:
  bool serve_one();
  bool read_request(RequestParser&);
  void handle(HttpRequest&);
  bool refuse(const HttpFault&, HttpRequest&);
  void linger();
  Result<size_t> fill(TimePoint by);
  void release();
  void reset();
  bool keeps_alive() const { return keep_ && !server_.state_.draining.load(std::memory_order_relaxed); }
  Result<void> written(Result<void>);
  Result<void> flushed(Result<void>);

  HttpServer& server_;
  Loop& loop_;
  TcpStream stream_;
  std::unique_ptr<Duplex> duplex_;  // once the protocol was switched
  Fiber* fiber_ = nullptr;
  IncomingBody body_;
  std::unique_ptr<char[]> block_;
  size_t begin_ = 0, end_ = 0, capacity_ = Loop::kBlock;
  std::string pending_;  // a head that goes out with the first piece
  bool idle_ = true, keep_ = true, http10_ = false, head_only_ = false;
  bool begun_ = false, ended_ = false, broken_ = false;
};

}  // namespace llmgw::net
