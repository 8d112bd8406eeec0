#pragma once

#include <expected>

#include "net/http_server.h"

namespace llmgw::net {

// The body of one request as it comes: counted among all that are held, and written to a file when it is a
// form too large for memory. Belongs to its connection's fiber.
class IncomingBody {
 public:
  IncomingBody(Loop& loop, const ServerOptions& options, ServerState& state)
      : loop_(loop), options_(options), state_(state) {}
  ~IncomingBody() { release(); }
  IncomingBody(const IncomingBody&) = delete;
  IncomingBody& operator=(const IncomingBody&) = delete;

  // Takes what has come, once the head has; called after each read. A form above 1 MiB is taken out of the
  // message into its file. May wait for the disk. Faults: 503, max_buffered; 507, the disk.
  std::expected<void, HttpFault> take(RequestParser& parser);
  // Counts bytes more (or less, below 0) than came.
  std::expected<void, HttpFault> hold(int64_t more);
  // The body is held no longer.
  void release();

 private:
  std::expected<void, HttpFault> count(int64_t size);
  std::expected<void, HttpFault> write_out(HttpRequest& request);

  Loop& loop_;
  const ServerOptions& options_;
  ServerState& state_;
  int64_t counted_ = 0;             // bytes in ServerState::buffered
  std::optional<bool> may_go_out_;  // a form, as it came; none: its head was not seen yet
};

}  // namespace llmgw::net
