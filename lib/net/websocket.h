#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/headers.h"
#include "net/http_message.h"

namespace llmgw::net {

// Whether a request asks for the protocol WebSocket (RFC 6455, 4.2.1): a GET with Upgrade and Connection.
bool asks_for_websocket(const HttpRequest&);

// The close codes that we say (RFC 6455, 7.4.1; IANA's registry for 1014).
enum class WebSocketClose : uint16_t { going_away = 1001, bad_gateway = 1014 };

// A close frame as a server sends it.
std::string websocket_close(WebSocketClose);

// Looks on while a server's side of a WebSocket passes by (RFC 6455, 5.2): cuts it into frames and puts the
// text messages together. What it cannot follow (a compressed frame, a masked one, bytes that are no frame)
// it looks at no longer; the bytes go on all the same.
class WebSocketWatch {
 public:
  // Of a longer message nothing is kept.
  static constexpr size_t kMostMessage = 1 << 20;

  // Gives the bytes in the order they came; then ask next() until it has none.
  void feed(std::string_view bytes) { unread_ = bytes; }
  // The next whole text message; it holds until the next call.
  std::optional<std::string_view> next();
  // Whether a frame of ours may stand behind what has passed.
  bool between_frames() const { return !lost_ && left_ == 0 && head_size_ == 0 && unread_.empty(); }
  // Whether the server has said that it closes.
  bool closed() const { return closed_; }

 private:
  bool read_head();
  bool take_payload();

  std::string_view unread_;
  char head_[10] = {};
  size_t head_size_ = 0;
  uint64_t left_ = 0;  // of the frame's payload
  bool in_frame_ = false, final_ = false, control_ = false;
  bool text_ = false, kept_ = false;  // of the message that goes on
  bool given_ = false;                // message_ was given out
  bool lost_ = false, closed_ = false;
  std::string message_;
};

}  // namespace llmgw::net
