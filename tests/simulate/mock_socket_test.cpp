// The mock behind real sockets.
#include <doctest/doctest.h>

#include "simulate/mock/mock.h"
#include "tests/net/serving.h"

using namespace llmgw;
using namespace llmgw::simulate;

namespace {

std::string post(std::string_view model, std::string_view more = "") {
  const std::string body = R"({"model":")" + std::string(model) +
                           R"(","messages":[{"role":"user","content":"hi"}])" + std::string(more) + "}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// What one raw request comes to; `broken`: the connection was reset.
std::string read_all(net::Serving& serving, const std::string& request, bool& broken) {
  auto stream = serving.connect();
  (void)stream->write(request, 1s);
  std::string reply;
  char buffer[4096];
  for (;;) {
    const auto n = stream->read(buffer, after(serving.loop.now(), 500ms));
    broken = !n && n.error().error_class == ErrorClass::network;
    if (!n || *n == 0) return reply;
    reply.append(buffer, *n);
  }
}

}  // namespace

TEST_CASE("over sockets the mock answers, streams, and resets the connection of a cut stream") {
  MockState state(nullptr, 1, SystemClock().now());
  std::unique_ptr<MockProvider> provider;
  net::Serving serving(
      [&](net::HttpRequest& request, net::ResponseWriter& writer) { provider->handle(request, writer); });
  provider = std::make_unique<MockProvider>(serving.loop, state, Random(1));
  serving.run([&] {
    bool broken = false;
    CHECK(read_all(serving, post("echo"), broken).find(R"("content":"hi")") != std::string::npos);
    CHECK_FALSE(broken);
    const auto stream = read_all(serving, post("burst-5", R"(,"stream":true)"), broken);
    CHECK(stream.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
    CHECK_FALSE(broken);
    const auto cut = read_all(serving, post("cut", R"(,"stream":true)"), broken);
    CHECK(cut.starts_with("HTTP/1.1 200"));
    CHECK(cut.find("consectetur") == std::string::npos);
    CHECK(cut.find("Lore") != std::string::npos);
    CHECK(broken);
  });
}
