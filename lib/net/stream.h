#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "net/loop.h"

namespace llmgw::net {

// A connected byte stream, plain or TLS, on a loop. Closed when it goes. Errors: network
// (the peer reset or closed where it must not), timeout, cancelled.
class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte into `into`; 0 at the peer's end.
  virtual Result<size_t> read(std::span<char> into, TimePoint deadline) = 0;
  // All pieces. Fails with timeout when the peer takes nothing for `stall`.
  virtual Result<void> write(std::span<const std::string_view> pieces, Duration stall) = 0;
  Result<void> write(std::string_view bytes, Duration stall) { return write(std::span(&bytes, 1), stall); }
  // No more bytes will be written; reading goes on.
  virtual void shut_down_writing() = 0;
  virtual Handle& handle() = 0;
  // Whether the stream holds bytes that it has read and nobody has asked for.
  virtual bool buffered() const { return false; }
};

// A TCP connection over a non-blocking socket, which it takes over.
class TcpStream final : public Stream {
 public:
  explicit TcpStream(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
  using Stream::write;
  Result<size_t> read(std::span<char> into, TimePoint deadline) override;
  Result<void> write(std::span<const std::string_view> pieces, Duration stall) override;
  void shut_down_writing() override;
  Handle& handle() override { return *handle_; }
  // Gives the socket away; nothing else may be asked of the stream afterwards.
  std::unique_ptr<Handle> release() { return std::move(handle_); }

 private:
  std::unique_ptr<Handle> handle_;
};

}  // namespace llmgw::net
