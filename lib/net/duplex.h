#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "net/stream.h"

namespace llmgw::net {

// A connection behind its 101 Switching Protocols (RFC 9110, 15.2.2): bytes both ways. One fiber may read
// while another writes.
class Duplex {
 public:
  virtual ~Duplex() = default;
  // The next bytes; empty at the peer's end. They hold until the next call. Errors: network, timeout,
  // cancelled.
  virtual Result<std::string_view> read(TimePoint deadline) = 0;
  // All of them. Errors: network, timeout for a peer that takes nothing, cancelled.
  virtual Result<void> write(std::string_view bytes) = 0;
};

// Over a stream, which outlives it. `early` is what was read from it before.
class StreamDuplex final : public Duplex {
 public:
  StreamDuplex(Loop& loop, Stream& stream, std::string early, Duration stall)
      : loop_(loop), stream_(stream), given_(), early_(std::move(early)), stall_(stall) {}

  Result<std::string_view> read(TimePoint deadline) override;
  Result<void> write(std::string_view bytes) override { return stream_.write(bytes, stall_); }

 private:
  Loop& loop_;
  Stream& stream_;
  std::string given_, early_;
  Duration stall_;
};

}  // namespace llmgw::net
