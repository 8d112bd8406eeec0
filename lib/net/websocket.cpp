#include "net/websocket.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::net {
namespace {

constexpr uint8_t kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPong = 10;

}  // namespace

bool asks_for_websocket(const HttpRequest& request) {
  const auto names = request.headers.names_of_this_hop();
  return request.method == "GET" && iequals(request.headers.get("upgrade"), "websocket") &&
         std::ranges::any_of(names, [](const auto& name) { return iequals(name, "upgrade"); });
}

std::string websocket_close(WebSocketClose code) {
  const auto number = static_cast<uint16_t>(code);
  return {'\x88', '\x02', static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

std::optional<std::string_view> WebSocketWatch::next() {
  if (given_) {
    given_ = false;
    message_.clear();
  }
  while (!lost_ && !unread_.empty()) {
    if (!in_frame_ && !read_head()) break;
    if (!take_payload()) break;
    if (!final_ || control_) continue;
    const bool whole = text_ && kept_;
    text_ = kept_ = false;
    if (!whole) {
      message_.clear();
      continue;
    }
    given_ = true;
    return std::string_view(message_);
  }
  if (lost_) unread_ = {};
  return std::nullopt;
}

// The head of the next frame; false: it is not whole yet, or none that we follow.
bool WebSocketWatch::read_head() {
  auto needed = [&]() -> size_t {
    if (head_size_ < 2) return 2;
    const int length = head_[1] & 0x7f;
    return length < 126 ? 2 : length == 126 ? 4 : 10;
  };
  while (head_size_ < needed()) {
    if (unread_.empty()) return false;
    head_[head_size_++] = unread_.front();
    unread_.remove_prefix(1);
  }
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(head_[i]); };
  const uint8_t kind = byte(0) & 0x0f;
  left_ = byte(1) & 0x7f;
  if (left_ >= 126) {
    left_ = 0;
    for (size_t i = 2; i < head_size_; ++i) left_ = left_ << 8 | byte(i);
  }
  final_ = (byte(0) & 0x80) != 0;
  control_ = kind >= kClose;
  const bool known = kind <= kBinary || (control_ && kind <= kPong);
  // Reserved bits are those of extensions, which were not agreed on; a server masks nothing.
  if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0 || !known || (control_ && (!final_ || left_ > 125))) {
    lost_ = true;
    return false;
  }
  if (kind == kClose) closed_ = true;
  if (!control_ && kind != kContinuation) {
    text_ = kept_ = kind == kText;
    message_.clear();
  }
  head_size_ = 0;
  in_frame_ = true;
  return true;
}

// What has come of the frame's payload; false: more is to come.
bool WebSocketWatch::take_payload() {
  const auto piece = unread_.substr(0, std::min<uint64_t>(left_, unread_.size()));
  unread_.remove_prefix(piece.size());
  left_ -= piece.size();
  if (!control_ && kept_) {
    if (message_.size() + piece.size() > kMostMessage) {
      kept_ = false;
      message_ = {};
    } else {
      message_ += piece;
    }
  }
  in_frame_ = left_ > 0;
  return !in_frame_;
}

}  // namespace llmgw::net
