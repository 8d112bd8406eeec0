#include "net/server_connection.h"

#include <sys/socket.h>

#include <array>
#include <charconv>
#include <exception>

#include "net/response_head.h"

namespace llmgw::net {
namespace {

constexpr Duration kLinger = 2s;

}  // namespace

HttpServer::Connection::Connection(HttpServer& server, int fd)
    : server_(server),
      loop_(server.loop_),
      stream_(std::make_unique<Handle>(server.loop_, fd)),
      body_(server.loop_, server.options_, server.state_) {}

void HttpServer::Connection::run() {
  fiber_ = loop_.Scheduler::current();
  while (serve_one()) {
  }
}

void HttpServer::Connection::close_if_idle() {
  if (idle_) loop_.cancel(fiber_, CancelCause::shutdown);
}
void HttpServer::Connection::cancel() {
  loop_.cancel(fiber_, CancelCause::shutdown);
}

Result<void> HttpServer::Connection::send(int status, const Headers& headers, std::string_view body) {
  std::string head;
  append_response_head(head, status, headers, body.size(), keeps_alive(), loop_.wall());
  begun_ = ended_ = true;
  const std::array<std::string_view, 2> pieces{head, body};
  return written(
      stream_.write(std::span(pieces.data(), body.empty() || head_only_ ? 1 : 2), server_.options_.stall));
}

Result<void> HttpServer::Connection::begin(int status, const Headers& headers) {
  std::string head;
  if (http10_) keep_ = false;
  append_response_head(head, status, headers, http10_ ? kToClose : kChunked, keeps_alive(), loop_.wall());
  begun_ = true;
  if (status == 204 || status == 304) head_only_ = true;  // no body, hence no last chunk (RFC 9112, 6.3)
  body_.release();             // the handler lets go of the request's body where its reply is a stream
  pending_ = std::move(head);  // goes out with the first piece
  return {};
}

Result<void> HttpServer::Connection::write(std::string_view bytes) {
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

Result<void> HttpServer::Connection::end() {
  ended_ = true;
  const std::array<std::string_view, 2> pieces{pending_, http10_ || head_only_ ? "" : "0\r\n\r\n"};
  return flushed(stream_.write(pieces, server_.options_.stall));
}

Result<Duplex*> HttpServer::Connection::switch_to_websocket(const Headers& headers) {
  Headers fields = headers;
  fields.add("Connection", "Upgrade");
  fields.add("Upgrade", "websocket");
  std::string head;
  append_response_head(head, 101, fields, kToClose, true, loop_.wall());
  begun_ = ended_ = true;
  keep_ = false;
  body_.release();
  stream_.handle().cancel_on_hang_up(nullptr);
  if (auto sent = written(stream_.write(head, server_.options_.stall)); !sent) return fail(sent.error());
  std::string early = block_ ? std::string(block_.get() + begin_, end_ - begin_) : std::string();
  release();
  duplex_ = std::make_unique<StreamDuplex>(loop_, stream_, std::move(early), server_.options_.stall);
  return duplex_.get();
}

void HttpServer::Connection::abort() {
  broken_ = true;
  // Closing then resets the connection: a reply whose end is the connection's must not look whole.
  const ::linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(stream_.handle().fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

// Reads a request, has it handled; whether the connection goes on.
bool HttpServer::Connection::serve_one() {
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

// False when there is nothing to handle: the peer has gone, or was refused.
bool HttpServer::Connection::read_request(RequestParser& parser) {
  TimePoint head_by = kNever;
  bool continued = false;
  for (;;) {
    while (begin_ < end_ && !parser.done()) {
      if (!parser.begun() && block_[begin_] == 0x16) {  // a TLS record: ClientHello (RFC 8446, 5.1)
        return refuse({400, "this port speaks HTTP, not TLS: use http:// in the base URL"}, parser.request());
      }
      const auto used = parser.feed({block_.get() + begin_, end_ - begin_});
      if (!used) return refuse(used.error(), parser.request());
      begin_ += *used;
      if (*used == 0) break;
    }
    idle_ = idle_ && !parser.begun();
    if (parser.head_done()) {
      if (const auto taken = body_.take(parser); !taken) return refuse(taken.error(), parser.request());
    }
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
                    parser.request());
    }
    if (*n == 0)
      return parser.begun() ? refuse({400, "the request ended too early"}, parser.request()) : false;
  }
  if (begin_ == end_) release();
  auto& request = parser.request();
  keep_ = request.keep_alive && !request.http10;  // HTTP/1.0 keeps by other rules: it closes
  http10_ = request.http10;
  head_only_ = request.method == "HEAD";
  return true;
}

void HttpServer::Connection::handle(HttpRequest& request) {
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

bool HttpServer::Connection::refuse(const HttpFault& fault, HttpRequest& request) {
  head_only_ = request.method == "HEAD";
  keep_ = false;
  Headers headers;
  headers.add("Content-Type", "application/json");
  if (fault.status == 503) headers.add("Retry-After", "1");
  bool sent = false;
  {
    const Scheduler::Shield shield(loop_);
    sent = send(fault.status, headers, server_.handler_.refusal(fault, request)).has_value();
  }
  if (sent) linger();
  return false;
}

// Reads on for a moment after the last byte was written: closing with unread bytes would
// reset the connection and take the reply from the client (RFC 9112, 9.6).
void HttpServer::Connection::linger() {
  stream_.shut_down_writing();
  const TimePoint until = after(loop_.now(), kLinger);
  for (size_t seen = 0; seen < (16u << 20);) {
    begin_ = end_ = 0;
    const auto n = fill(until);
    if (!n || *n == 0) return;
    seen += *n;
  }
}

Result<size_t> HttpServer::Connection::fill(TimePoint by) {
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

void HttpServer::Connection::release() {
  begin_ = end_ = 0;
  if (block_ == nullptr) return;
  if (capacity_ == Loop::kBlock) {
    loop_.give_back(std::move(block_));
  } else {
    block_.reset();
    capacity_ = Loop::kBlock;
  }
}

void HttpServer::Connection::reset() {
  body_.release();
  begun_ = ended_ = false;
  keep_ = true;
  http10_ = head_only_ = false;
  pending_.clear();
}

Result<void> HttpServer::Connection::written(Result<void> result) {
  if (!result) broken_ = true;
  return result;
}
Result<void> HttpServer::Connection::flushed(Result<void> result) {
  pending_ = {};
  return written(std::move(result));
}

Result<void> HttpServer::Connection::hold(int64_t more) {
  auto held = body_.hold(more);
  if (!held) return fail(ErrorClass::overloaded, held.error().message, held.error().status);
  return {};
}

void HttpServer::Connection::turn_away(const HttpFault& fault) {
  fiber_ = loop_.Scheduler::current();
  idle_ = false;
  HttpRequest unread;
  refuse(fault, unread);
}

}  // namespace llmgw::net
