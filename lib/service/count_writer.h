#pragma once

#include "net/http_server.h"

namespace llmgw::service {

// Passes a provider's count of tokens on, and keeps a failure back, so that an estimate can take its place.
// `writer` outlives it.
class CountWriter final : public net::ResponseWriter {
 public:
  explicit CountWriter(net::ResponseWriter& writer) : writer_(writer) {}

  // Whether the failure was kept back and the client still waits.
  bool failed() const { return failed_; }
  // The failure's, which tell who was asked.
  net::Headers& headers() { return headers_; }

  Result<void> send(int status, const net::Headers& headers, std::string_view body) override {
    if (status / 100 == 2) return writer_.send(status, headers, body);
    failed_ = true;
    for (const auto field : headers) {
      if (field.name.starts_with("x-llmgw-")) headers_.add(field.name, field.value);
    }
    return {};
  }
  Result<void> begin(int status, const net::Headers& headers) override {
    return writer_.begin(status, headers);
  }
  Result<void> write(std::string_view bytes) override { return writer_.write(bytes); }
  Result<void> end() override { return writer_.end(); }
  void abort() override { writer_.abort(); }
  bool begun() const override { return failed_ || writer_.begun(); }
  Result<void> hold(int64_t more) override { return writer_.hold(more); }

 private:
  net::ResponseWriter& writer_;
  net::Headers headers_;
  bool failed_ = false;
};

}  // namespace llmgw::service
