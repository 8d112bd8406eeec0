#include "net/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <exception>

#include "net/response_head.h"

namespace llmgw::net {

// One client connection: requests in, replies out, on one fiber.
class HttpServer::Connection final : public ResponseWriter {
 public:
  Connection(HttpServer& server, int fd)
      : server_(server), loop_(server.loop_), stream_(std::make_unique<Handle>(server.loop_, fd)) {}
  ~Connection() override { release(); }

  void run() {
    fiber_ = loop_.Scheduler::current();
    while (serve_one()) {
    }
  }

  void close_if_idle() {
    if (idle_) loop_.cancel(fiber_, CancelCause::shutdown);
  }
  void cancel() { loop_.cancel(fiber_, CancelCause::shutdown); }

  Result<void> send(int status, const Headers& headers, std::string_view body) override {
    std::string head;
    append_response_head(head, status, headers, body.size(), keeps_alive(), loop_.wall());
    begun_ = ended_ = true;
    const std::array<std::string_view, 2> pieces{head, body};
    return written(
        stream_.write(std::span(pieces.data(), body.empty() || head_only_ ? 1 : 2), server_.options_.stall));
  }

  Result<void> begin(int status, const Headers& headers) override {
    std::string head;
    if (http10_) keep_ = false;
    append_response_head(head, status, headers, http10_ ? kToClose : kChunked, keeps_alive(), loop_.wall());
    begun_ = true;
    if (status == 204 || status == 304) head_only_ = true;  // no body, hence no last chunk (RFC 9112, 6.3)
    uncount();                   // the handler lets go of the request's body where its reply is a stream
    pending_ = std::move(head);  // goes out with the first piece
    return {};
  }

  Result<void> write(std::string_view bytes) override {
    if (bytes.empty() || head_only_) return {};
    if (http10_) {
      const std::array<std::string_view, 2> pieces{pending_, bytes};
      return flushed(stream_.write(pieces, server_.options_.stall));
    }
    std::array<char, 20> size;
    char* end = std::to_chars(size.data(), size.data() + 18, bytes.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    const std::array<std::string_view, 4> pieces{pending_, {size.data(), end}, bytes, "\r\n"};
    return flushed(stream_.write(pieces, server_.options_.stall));
  }

  Result<void> end() override {
    ended_ = true;
    const std::array<std::string_view, 2> pieces{pending_, http10_ || head_only_ ? "" : "0\r\n\r\n"};
    return flushed(stream_.write(pieces, server_.options_.stall));
  }

  void abort() override {
    broken_ = true;
    // Closing then resets the connection: a reply whose end is the connection's must not look whole.
    const ::linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(stream_.handle().fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  bool begun() const override { return begun_; }

 private:
  static constexpr Duration kLinger = 2s;

  // Reads a request, has it handled; whether the connection goes on.
  bool serve_one() {
    reset();
    idle_ = true;
    if (begin_ == end_) {
      const Duration patience =
          server_.state_.draining ? std::min<Duration>(server_.options_.idle, 1s) : server_.options_.idle;
      const Wake why = stream_.handle().wait_readable(after(loop_.now(), patience));
      if (why != Wake::ready) return false;
    }
    auto parser = std::make_unique<RequestParser>(server_.options_.limits);
    bool keep = read_request(*parser);
    idle_ = false;
    if (keep) {
      HttpRequest request = std::move(parser->request());
      parser.reset();  // a stream may take long, and there are thousands of them
      handle(request);
      keep = ended_ && !broken_ && keeps_alive();
      if (!keep && ended_ && !broken_) linger();
    }
    return keep;
  }

  bool keeps_alive() const { return keep_ && !server_.state_.draining.load(std::memory_order_relaxed); }

  // False when there is nothing to handle: the peer has gone, or was refused.
  bool read_request(RequestParser& parser) {
    TimePoint head_by = kNever;
    bool continued = false;
    for (;;) {
      while (begin_ < end_ && !parser.done()) {
        if (!parser.begun() && block_[begin_] == 0x16) {  // a TLS record: ClientHello (RFC 8446, 5.1)
          return refuse({400, "this port speaks HTTP, not TLS: use http:// in the base URL"}, parser);
        }
        const auto used = parser.feed({block_.get() + begin_, end_ - begin_});
        if (!used) return refuse(used.error(), parser);
        begin_ += *used;
        if (*used == 0) break;
      }
      idle_ = idle_ && !parser.begun();
      if (parser.head_done() && !count_body(parser)) return false;
      if (parser.done()) break;
      if (parser.head_done() && !continued && parser.expects_continue()) {
        continued = true;
        if (!stream_.write("HTTP/1.1 100 Continue\r\n\r\n", server_.options_.stall)) return false;
      }
      if (!parser.head_done() && head_by == kNever) head_by = after(loop_.now(), server_.options_.head);
      const TimePoint by = parser.head_done() ? after(loop_.now(), server_.options_.body) : head_by;
      const auto n = fill(by);
      if (!n) {
        if (n.error().error_class != ErrorClass::timeout) return false;
        if (!parser.begun()) return false;
        return refuse({408, parser.head_done() ? "no byte of the body came for 60 s"
                                               : "the request's head took longer than 10 s"},
                      parser);
      }
      if (*n == 0) return parser.begun() ? refuse({400, "the request ended too early"}, parser) : false;
    }
    if (begin_ == end_) release();
    auto& request = parser.request();
    keep_ = request.keep_alive && !request.http10;  // HTTP/1.0 keeps by other rules: it closes
    http10_ = request.http10;
    head_only_ = request.method == "HEAD";
    return true;
  }

  // Takes the body into the account of all bodies held: what is announced of it, or has come in chunks.
  bool count_body(RequestParser& parser) {
    const auto size = std::max(static_cast<int64_t>(parser.announced()),
                               static_cast<int64_t>(parser.request().body.size()));
    if (size <= counted_) return true;
    const int64_t held = server_.state_.buffered += size - counted_;
    counted_ = size;
    if (held <= server_.options_.max_buffered) return true;
    return refuse({503, "all held bodies together would be larger than max_buffered, " +
                            std::to_string(server_.options_.max_buffered) + " bytes"},
                  parser);
  }

  void handle(HttpRequest& request) {
    auto& state = server_.state_;
    state.requests.fetch_add(1, std::memory_order_relaxed);
    stream_.handle().cancel_on_hang_up(fiber_);
    std::string fault = "the request was left without a reply";
    try {
      server_.handler_.handle(request, *this);
    } catch (const std::exception& e) {  // one request may not take the process with it
      fault = e.what();
    }
    stream_.handle().cancel_on_hang_up(nullptr);
    loop_.uncancel(fiber_, CancelCause::client);
    if (!begun_ && !broken_) {
      Headers headers;
      headers.add("Content-Type", "application/json");
      (void)send(500, headers, server_.handler_.refusal({500, "an internal error: " + fault}, request));
    } else if (!ended_ && !broken_) {
      abort();
    }
    state.requests.fetch_sub(1, std::memory_order_relaxed);
  }

  bool refuse(const HttpFault& fault, RequestParser& parser) {
    const Scheduler::Shield shield(loop_);
    auto& request = parser.request();
    head_only_ = request.method == "HEAD";
    keep_ = false;
    Headers headers;
    headers.add("Content-Type", "application/json");
    if (fault.status == 503) headers.add("Retry-After", "1");
    if (send(fault.status, headers, server_.handler_.refusal(fault, request))) linger();
    return false;
  }

  // Reads on for a moment after the last byte was written: closing with unread bytes would
  // reset the connection and take the reply from the client (RFC 9112, 9.6).
  void linger() {
    stream_.shut_down_writing();
    const TimePoint until = after(loop_.now(), kLinger);
    for (size_t seen = 0; seen < (16u << 20);) {
      begin_ = end_ = 0;
      const auto n = fill(until);
      if (!n || *n == 0) return;
      seen += *n;
    }
  }

  Result<size_t> fill(TimePoint by) {
    if (begin_ == end_) {
      release();
      if (const Wake why = stream_.handle().wait_readable(by); why != Wake::ready)
        return fail(wait_error(why, "reading"));
    }
    if (block_ == nullptr) block_ = loop_.take_block();
    if (begin_ > 0) {
      std::copy(block_.get() + begin_, block_.get() + end_, block_.get());
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == capacity_) {  // a head, or a chunk's header: the parser refuses what is above its limits
      if (capacity_ > server_.options_.limits.head)
        return fail(ErrorClass::network, "a chunk header without end");
      auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
      std::copy(block_.get(), block_.get() + end_, larger.get());
      block_ = std::move(larger);
      capacity_ *= 2;
    }
    auto n = stream_.read({block_.get() + end_, capacity_ - end_}, by);
    if (n) end_ += *n;
    return n;
  }

  void release() {
    begin_ = end_ = 0;
    if (block_ == nullptr) return;
    if (capacity_ == Loop::kBlock) {
      loop_.give_back(std::move(block_));
    } else {
      block_.reset();
      capacity_ = Loop::kBlock;
    }
  }

  void uncount() {
    server_.state_.buffered -= counted_;
    counted_ = 0;
  }

  void reset() {
    uncount();
    begun_ = ended_ = false;
    keep_ = true;
    http10_ = head_only_ = false;
    pending_.clear();
  }

  Result<void> written(Result<void> result) {
    if (!result) broken_ = true;
    return result;
  }
  Result<void> flushed(Result<void> result) {
    pending_ = {};
    return written(std::move(result));
  }

  friend class HttpServer;
  HttpServer& server_;
  Loop& loop_;
  TcpStream stream_;
  Fiber* fiber_ = nullptr;
  std::unique_ptr<char[]> block_;
  size_t begin_ = 0, end_ = 0, capacity_ = Loop::kBlock;
  std::string pending_;
  int64_t counted_ = 0;  // bytes in ServerState::buffered
  bool idle_ = true, keep_ = true, http10_ = false, head_only_ = false;
  bool begun_ = false, ended_ = false, broken_ = false;
};

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
    std::string refusal;
    const std::string body = handler_.refusal(
        {503, "max_connections, " + std::to_string(options_.max_connections) + ", are open"}, {});
    Headers headers;
    headers.add("Content-Type", "application/json");
    headers.add("Retry-After", "1");
    append_response_head(refusal, 503, headers, body.size(), false, loop_.wall());
    refusal += body;
    [[maybe_unused]] const auto sent =
        ::send(fd, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(fd);
    return;
  }
  loop_.spawn([this, fd] {
    Connection connection(*this, fd);
    connections_.insert(&connection);
    connection.run();
    connections_.erase(&connection);
    connection.reset();
    state_.connections.fetch_sub(1, std::memory_order_relaxed);
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
