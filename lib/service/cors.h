#pragma once

#include <string>

#include "net/http_server.h"

namespace llmgw::service {

// Tells the browser that the page of a granted Origin may read the reply (Fetch Standard, "CORS protocol"):
// each reply through it carries the grant.
class GrantingWriter final : public net::ResponseWriter {
 public:
  // `writer` outlives this.
  GrantingWriter(net::ResponseWriter& writer, std::string origin)
      : writer_(writer), origin_(std::move(origin)) {}

  Result<void> send(int status, const net::Headers& headers, std::string_view body) override {
    return writer_.send(status, granted(headers), body);
  }
  Result<void> begin(int status, const net::Headers& headers) override {
    return writer_.begin(status, granted(headers));
  }
  Result<void> write(std::string_view bytes) override { return writer_.write(bytes); }
  Result<void> end() override { return writer_.end(); }
  void abort() override { writer_.abort(); }
  bool begun() const override { return writer_.begun(); }

 private:
  net::Headers granted(net::Headers headers) const {
    headers.add("Access-Control-Allow-Origin", origin_);
    headers.add("Access-Control-Expose-Headers", "*");
    headers.add("Vary", "Origin");
    return headers;
  }

  net::ResponseWriter& writer_;
  std::string origin_;
};

}  // namespace llmgw::service
