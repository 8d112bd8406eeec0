#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace llmgw::net {

// Why bytes are no HTTP/1.1 message that we take (RFC 9112), and the status that says so.
struct HttpFault {
  int status = 400;
  std::string message;
};

// Sans-IO parsers of HTTP/1.1 (Boost.Beast's basic_parser, and stricter: no obs-fold, no
// transfer coding but "chunked", one Content-Length). Bytes go in, events come out by
// asking; nothing is read behind the end of a message.

// A request: the head, then the body collected whole.
class RequestParser {
 public:
  explicit RequestParser(const HttpLimits&);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // Takes what it can of `bytes` and says how many those were; it wants more when it took
  // less than it was given and neither head_done() has changed nor done() holds.
  std::expected<size_t, HttpFault> feed(std::string_view bytes);
  bool head_done() const;
  bool done() const;
  // Whether any byte of the message has been taken.
  bool begun() const;
  // The client waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  // Bytes of body announced by Content-Length; 0 when chunked or none.
  uint64_t announced() const;
  HttpRequest& request();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A response: the head, then the body piece by piece.
class ResponseParser {
 public:
  // `to_head`: it answers a HEAD request, so that it has no body whatever its fields say.
  ResponseParser(const HttpLimits&, bool to_head);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  // As RequestParser::feed. Body bytes are appended to `body`.
  std::expected<size_t, HttpFault> feed(std::string_view bytes, std::string& body);
  // The peer closed. Fine when the body runs to the close, or nothing is missing.
  std::expected<void, HttpFault> finish();
  bool head_done() const;
  bool done() const;
  // The connection may be used again once done().
  bool keep_alive() const;
  HttpResponse& response();  // the body stays empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace llmgw::net
