#include "net/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "net/server_connection.h"

namespace llmgw::net {
namespace {

constexpr int kMostTurnedAway = 256;

}  // namespace

HttpServer::HttpServer(Loop& loop, HttpHandler& handler, const ServerOptions& options, ServerState& state)
    : loop_(loop), handler_(handler), options_(options), state_(state) {}

HttpServer::~HttpServer() = default;

void HttpServer::listen(int fd) {
  auto listener = std::make_shared<Handle>(loop_, fd);
  Fiber* fiber = loop_.spawn([this, listener] { accept_from(listener); });
  listeners_.emplace_back(std::move(listener), fiber);
}

void HttpServer::accept_from(const std::shared_ptr<Handle>& listener) {
  while (listener->wait_readable(kNever) == Wake::ready) {
    const int fd = ::accept4(listener->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      serve(fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      listener->drained();
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      // Nothing can be accepted until something closes.
      if (loop_.sleep_until(after(loop_.now(), 50ms)) == Wake::cancelled) return;
    }
  }
}

void HttpServer::serve(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (state_.connections.fetch_add(1, std::memory_order_relaxed) >= options_.max_connections) {
    state_.connections.fetch_sub(1, std::memory_order_relaxed);
    return turn_away(fd);
  }
  spawn(fd, [](Connection& connection) { connection.run(); }, state_.connections);
}

// Closing at once would reset the connection and take the reply from a client that still writes. Of those
// that are waited for there is a limit, too.
void HttpServer::turn_away(int fd) {
  if (state_.turned_away.fetch_add(1, std::memory_order_relaxed) >= kMostTurnedAway) {
    state_.turned_away.fetch_sub(1, std::memory_order_relaxed);
    ::close(fd);
    return;
  }
  HttpFault fault{503, "max_connections, " + std::to_string(options_.max_connections) + ", are open"};
  spawn(
      fd, [fault = std::move(fault)](Connection& connection) { connection.turn_away(fault); },
      state_.turned_away);
}

// A fiber of its own for a connection that `count` counts while it lasts.
void HttpServer::spawn(int fd, std::function<void(Connection&)> body, std::atomic<int>& count) {
  loop_.spawn([this, fd, body = std::move(body), &count] {
    {
      Connection connection(*this, fd);
      connections_.insert(&connection);
      body(connection);
      connections_.erase(&connection);
    }
    count.fetch_sub(1, std::memory_order_relaxed);
  });
}

void HttpServer::close_listeners() {
  for (auto& [handle, fiber] : listeners_) loop_.cancel(fiber, CancelCause::shutdown);
  listeners_.clear();
}

void HttpServer::close_idle() {
  for (Connection* connection : connections_) connection->close_if_idle();
}

void HttpServer::cancel_all() {
  for (Connection* connection : connections_) connection->cancel();
}

}  // namespace llmgw::net
