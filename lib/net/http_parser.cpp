#include "net/http_parser.h"

#include <cstring>

#include <boost/beast/http/basic_parser.hpp>

#include "base/text.h"

namespace llmgw::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;
using beast::string_view;

std::string_view view(string_view s) {
  return {s.data(), s.size()};
}

// What the two parsers share: it checks and keeps fields, and collects the body.
template <bool kRequest, typename Message>
class Collector final : public http::basic_parser<kRequest> {
 public:
  explicit Collector(const HttpLimits& limits) : limits_(limits) {
    this->header_limit(static_cast<uint32_t>(limits.head));
    this->body_limit(limits.body);
    this->eager(true);
  }

  std::expected<size_t, HttpFault> take(std::string_view bytes, std::string* body) {
    input_ = bytes;
    body_ = body;
    error_code error;
    const size_t used = this->put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (!error || error == http::error::need_more) return used;
    return std::unexpected(fault_of(error));
  }

  HttpFault fault_of(const error_code& error) const {
    if (!fault_.message.empty()) return fault_;
    if (error == http::error::header_limit) {
      return {431, "the message head is larger than the limit of " + std::to_string(limits_.head) + " bytes"};
    }
    if (error == http::error::body_limit) {
      return {413, "the body is larger than max_body, " + std::to_string(limits_.body) + " bytes"};
    }
    if (error == http::error::bad_version)
      return {400, "a start line that does not end in an HTTP version we speak (1.1 or 1.0) and CR LF"};
    return {400, "malformed HTTP: " + error.message()};
  }

  Message message;
  bool has_host = false;

 private:
  // Whether a field goes on in the next line. Beast joins a folded value in a buffer of its own, but leaves
  // one in place of which only one line says anything.
  bool folded(string_view name, string_view value) const {
    const char* const end = input_.data() + input_.size();
    if (!value.empty() && (value.data() < input_.data() || value.data() >= end)) return true;
    const char* const behind_name = name.data() + name.size();
    const char* const from = value.empty() ? behind_name : value.data() + value.size();
    if (std::memchr(behind_name, '\r', static_cast<size_t>(from - behind_name)) != nullptr) return true;
    const auto* cr = static_cast<const char*>(std::memchr(from, '\r', static_cast<size_t>(end - from)));
    return cr != nullptr && cr + 2 < end && (cr[2] == ' ' || cr[2] == '\t');
  }

  void refuse(error_code& error, int status, std::string message_text) {
    fault_ = {status, std::move(message_text)};
    error = http::error::bad_field;
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code& error) override {
    if constexpr (kRequest) {
      message.method = view(method);
      message.target = view(target);
      message.http10 = version < 11;
      if (version != 10 && version != 11) error = http::error::bad_version;
    }
  }

  void on_response_impl(int status, string_view, int, error_code&) override {
    if constexpr (!kRequest) message.status = status;
  }

  void on_field_impl(http::field field, string_view name, string_view value, error_code& error) override {
    if (++fields_ > limits_.fields) {
      return refuse(error, 431,
                    "more than the limit of " + std::to_string(limits_.fields) + " header fields");
    }
    if (this->is_header_done()) return;  // a trailer: nothing here reads one, and none may pass for a field
    if (folded(name, value)) return refuse(error, 400, "a folded header field (RFC 9112, 5.2)");
    if (field == http::field::content_length) {
      if (++lengths_ > 1) return refuse(error, 400, "more than one Content-Length");
      if (!to_number<uint64_t>(view(value))) return refuse(error, 400, "a Content-Length that is no number");
    } else if (field == http::field::transfer_encoding) {
      if (!iequals(view(value), "chunked"))
        return refuse(error, 400, "a Transfer-Encoding other than chunked");
    } else if (kRequest && field == http::field::host) {
      if (has_host) return refuse(error, 400, "more than one Host field");
      has_host = true;
    }
    message.headers.add(view(name), view(value));
  }

  void on_header_impl(error_code& error) override {
    if constexpr (kRequest) {
      if (!has_host && !message.http10) {
        fault_ = {400, "no Host field (RFC 9112, 3.2)"};
        error = http::error::bad_field;
      }
      message.keep_alive = this->keep_alive();
    }
  }

  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) override {
    // Not more at once than a client could make us hold for nothing.
    if (kRequest && length) body_->reserve(std::min<uint64_t>(*length, 1 << 20));
  }

  size_t on_body_impl(string_view bytes, error_code&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_chunk_header_impl(uint64_t, string_view, error_code&) override {}

  size_t on_chunk_body_impl(uint64_t, string_view bytes, error_code&) override {
    body_->append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_finish_impl(error_code&) override {}

  HttpLimits limits_;
  HttpFault fault_;
  std::string_view input_;
  std::string* body_ = nullptr;
  size_t fields_ = 0;
  size_t lengths_ = 0;
};

}  // namespace

struct RequestParser::Impl {
  explicit Impl(const HttpLimits& limits) : parser(limits) {}
  Collector<true, HttpRequest> parser;
};

RequestParser::RequestParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

std::expected<size_t, HttpFault> RequestParser::feed(std::string_view bytes) {
  return impl_->parser.take(bytes, &impl_->parser.message.body);
}
bool RequestParser::head_done() const {
  return impl_->parser.is_header_done();
}
bool RequestParser::done() const {
  return impl_->parser.is_done();
}
bool RequestParser::begun() const {
  return impl_->parser.got_some();
}
bool RequestParser::expects_continue() const {
  return iequals(impl_->parser.message.headers.get("expect"), "100-continue");
}
uint64_t RequestParser::announced() const {
  return impl_->parser.content_length().value_or(0);
}
HttpRequest& RequestParser::request() {
  return impl_->parser.message;
}

struct ResponseParser::Impl {
  explicit Impl(const HttpLimits& limits, bool to_head) : parser(limits) { parser.skip(to_head); }
  Collector<false, HttpResponse> parser;
};

ResponseParser::ResponseParser(const HttpLimits& limits, bool to_head)
    : impl_(std::make_unique<Impl>(limits, to_head)) {}
ResponseParser::~ResponseParser() = default;
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;

std::expected<size_t, HttpFault> ResponseParser::feed(std::string_view bytes, std::string& body) {
  return impl_->parser.take(bytes, &body);
}

std::expected<void, HttpFault> ResponseParser::finish() {
  if (!impl_->parser.got_some()) return std::unexpected(HttpFault{502, "the response never began"});
  error_code error;
  impl_->parser.put_eof(error);
  if (error) return std::unexpected(HttpFault{502, "the response ended too early"});
  return {};
}

bool ResponseParser::head_done() const {
  return impl_->parser.is_header_done();
}
bool ResponseParser::done() const {
  return impl_->parser.is_done();
}
bool ResponseParser::keep_alive() const {
  return impl_->parser.keep_alive();
}
HttpResponse& ResponseParser::response() {
  return impl_->parser.message;
}

}  // namespace llmgw::net
