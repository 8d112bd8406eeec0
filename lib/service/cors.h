#pragma once

#include <string>

#include "net/http_message.h"
#include "net/http_server.h"

namespace llmgw::service {

// Lets a page of a granted origin read the reply (https://fetch.spec.whatwg.org/#http-cors-protocol): adds
// the grant to the reply's head and passes everything on. `writer` outlives it; `origin` was granted.
class CorsWriter final : public net::ResponseWriter {
 public:
  CorsWriter(net::ResponseWriter& writer, std::string_view origin) : writer_(writer), origin_(origin) {}

  Result<void> send(int status, const net::Headers& headers, std::string_view body) override {
    return writer_.send(status, granted(headers), body);
  }
  Result<void> begin(int status, const net::Headers& headers) override {
    return writer_.begin(status, granted(headers));
  }
  Result<net::Duplex*> switch_to_websocket(const net::Headers& headers) override {
    return writer_.switch_to_websocket(granted(headers));
  }
  Result<void> write(std::string_view bytes) override { return writer_.write(bytes); }
  Result<void> end() override { return writer_.end(); }
  void abort() override { writer_.abort(); }
  bool begun() const override { return writer_.begun(); }
  Result<void> hold(int64_t more) override { return writer_.hold(more); }

 private:
  net::Headers granted(const net::Headers& headers) const;

  net::ResponseWriter& writer_;
  const std::string origin_;
};

// The reply to "may I?" of a granted origin.
net::Headers preflight_headers(const net::HttpRequest&);

}  // namespace llmgw::service
