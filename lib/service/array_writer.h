#pragma once

#include "net/http_server.h"
#include "net/sse.h"

namespace llmgw::service {

// Gemini's stream for who did not ask for `alt=sse`: the events' objects as one JSON array, an element at a
// time as they come; an error before the first of them stands in an array, too, as Google has it. `writer`
// outlives it.
class ArrayWriter final : public net::ResponseWriter {
 public:
  explicit ArrayWriter(net::ResponseWriter& writer) : writer_(writer) {}

  Result<void> send(int status, const net::Headers& headers, std::string_view body) override;
  Result<void> begin(int status, const net::Headers& headers) override;
  Result<void> write(std::string_view bytes) override;
  Result<void> end() override;
  void abort() override { writer_.abort(); }
  bool begun() const override { return writer_.begun(); }
  Result<void> hold(int64_t more) override { return writer_.hold(more); }

 private:
  net::ResponseWriter& writer_;
  net::SseSplitter events_;
  bool any_ = false;  // an element was written
};

}  // namespace llmgw::service
