#pragma once

#include <memory>
#include <string>

#include "net/transport.h"

namespace llmgw::net {

// A reply that was kept, as if it came again: nothing waits, nothing is sent.
class KeptExchange final : public Exchange {
 public:
  // `body` may be shared with who keeps it.
  KeptExchange(HttpResponse head, std::shared_ptr<const std::string> body)
      : head_(std::move(head)), body_(std::move(body)) {}

  Result<const HttpResponse*> head(TimePoint) override { return &head_; }
  Result<std::string_view> read(TimePoint) override {
    const auto piece = std::string_view(*body_).substr(at_, kPiece);
    at_ += piece.size();
    return piece;
  }

 private:
  static constexpr size_t kPiece = 16 << 10;

  HttpResponse head_;
  std::shared_ptr<const std::string> body_;
  size_t at_ = 0;
};

}  // namespace llmgw::net
