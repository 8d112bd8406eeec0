#include "net/websocket.h"

#include <doctest/doctest.h>

using namespace llmgw;
using namespace llmgw::net;

namespace {

std::string frame(int first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += static_cast<char>(payload.size());
  } else {
    out += '\x7f';
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  }
  return out.append(payload);
}

struct Seen {
  std::vector<std::string> messages;
  bool between_frames, closed;
};

Seen watch(std::string_view bytes, size_t step) {
  WebSocketWatch watch;
  Seen seen{};
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    watch.feed(bytes.substr(0, step));
    while (const auto message = watch.next()) seen.messages.emplace_back(*message);
  }
  seen.between_frames = watch.between_frames();
  seen.closed = watch.closed();
  return seen;
}

constexpr int kText = 0x81, kTextBegins = 0x01, kGoesOn = 0x00, kEnds = 0x80, kBinary = 0x82, kPing = 0x89,
              kClose = 0x88;

}  // namespace

TEST_CASE("text messages are put together, however the bytes come and whatever stands between their frames") {
  const std::string long_text(100'000, 'x'), too_long(WebSocketWatch::kMostMessage + 1, 'y');
  const std::string bytes = frame(kText, "one") + frame(kBinary, "audio") + frame(kTextBegins, "tw") +
                            frame(kPing, "?") + frame(kGoesOn, "") + frame(kEnds, "o") + frame(kText, "") +
                            frame(kText, long_text) + frame(kText, too_long) + frame(kText, "last") +
                            frame(kClose, "\x03\xe8");
  for (const size_t step : {bytes.size(), size_t{1}, size_t{7}, size_t{4096}}) {
    CAPTURE(step);
    const Seen seen = watch(bytes, step);
    CHECK(seen.messages == std::vector<std::string>{"one", "two", "", long_text, "last"});
    CHECK(seen.between_frames);
    CHECK(seen.closed);
  }
}

TEST_CASE("a frame of ours may stand between two frames only") {
  CHECK(watch("", 1).between_frames);
  const std::string bytes = frame(kText, "four");
  for (size_t size = 1; size < bytes.size(); ++size)
    CHECK_FALSE(watch(bytes.substr(0, size), 64).between_frames);
}

TEST_CASE("what is no frame of a server is looked at no longer") {
  for (const std::string_view broken :
       {"\xc1\x01z", "\x81\x81zzzzz", "\x83\x01z", "\x8b\x01z", "\x09\x01z", "\x89\x7e\x01\x00"}) {
    CAPTURE(broken);
    const Seen seen = watch(std::string(broken) + frame(kText, "unseen"), 64);
    CHECK(seen.messages.empty());
    CHECK_FALSE(seen.between_frames);
  }
}

TEST_CASE("WebSocket is asked for by a GET with both fields") {
  HttpRequest request{.method = "GET"};
  CHECK_FALSE(asks_for_websocket(request));
  request.headers.add("Upgrade", "WebSocket");
  CHECK_FALSE(asks_for_websocket(request));
  request.headers.add("Connection", "keep-alive, Upgrade");
  CHECK(asks_for_websocket(request));
  request.method = "POST";
  CHECK_FALSE(asks_for_websocket(request));
}
