#include "service/credentials.h"

#include <doctest/doctest.h>

#include "base/secret.h"

using namespace llmgw;
using namespace llmgw::service;

namespace {

plugins::KeyBook book() {
  auto config = std::make_shared<config::Config>();
  for (const char* name : {"one", "two", "gone", "off"}) {
    config->virtual_keys.push_back({.name = name, .sha256 = sha256_hex("vk-" + std::string(name))});
  }
  config->virtual_keys[2].expires = "2025-12-31";
  config->virtual_keys[3].enabled = false;
  return plugins::KeyBook(config);
}

struct Sent {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string query;
};

Result<void> find(const Sent& sent, bool required, dialects::Request& request) {
  for (const auto& [name, value] : sent.headers) request.headers.add(name, value);
  return find_virtual_key(book(), required, sent.query, ManualClock().wall(), request);
}

const Sent kSigned{{{"Authorization",
                     "AWS4-HMAC-SHA256 Credential=vk-one/20260101/us-east-1/bedrock/aws4_request, "
                     "SignedHeaders=host;x-amz-date, Signature=" +
                         std::string(64, 'a')},
                    {"X-Amz-Date", "20260101T000000Z"}}};

}  // namespace

TEST_CASE("a virtual key is found wherever an SDK puts its key, and goes no further") {
  for (const Sent& sent :
       std::vector<Sent>{{{{"Authorization", "Bearer vk-one"}}},
                         {{{"authorization", "bearer   vk-one"}}},
                         {{{"x-api-key", "vk-one"}}},
                         {{{"x-goog-api-key", "vk-one"}}},
                         {{{"api-key", "vk-one"}}},
                         {{{"x-llmgw-key", "vk-one"}}},
                         {{{"Sec-WebSocket-Protocol", "realtime, openai-insecure-api-key.vk-one"}}},
                         {{}, "alt=sse&key=vk-one"},
                         {{{"Authorization", "Bearer sk-old"}, {"x-api-key", "vk-one"}}},
                         {{{"Authorization", "Bearer vk-one"}, {"x-api-key", "vk-one"}}}}) {
    dialects::Request request;
    REQUIRE(find(sent, true, request));
    REQUIRE(request.key != nullptr);
    CHECK(request.key->name == "one");
    CHECK(request.virtual_key == "one");
    CHECK(request.headers.get("authorization").find("vk-one") == std::string_view::npos);
    CHECK_FALSE(request.headers.has("x-api-key"));
  }
  // AWS's signature names the key, which is of no use to who has not its secret.
  dialects::Request request;
  REQUIRE(find(kSigned, true, request));
  CHECK(request.virtual_key == "one");
}

TEST_CASE("x-llmgw-key is the only one read where it is sent, and leaves the client's own credential alone") {
  dialects::Request request;
  REQUIRE(find({{{"x-llmgw-key", "vk-two"}, {"Authorization", "Bearer vk-one"}}}, true, request));
  CHECK(request.virtual_key == "two");
  CHECK(request.headers.get("authorization") == "Bearer vk-one");
}

TEST_CASE("an application's old key is ignored, unless a virtual key is required") {
  for (const Sent& sent :
       std::vector<Sent>{{}, {{{"Authorization", "Bearer sk-old"}}}, {{{"Authorization", "Basic eDp5"}}}}) {
    dialects::Request open, closed;
    CHECK(find(sent, false, open));
    CHECK(open.key == nullptr);
    const auto refused = find(sent, true, closed);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().http_status() == 401);
  }
}

TEST_CASE("an unknown x-llmgw-key, a disabled or expired key, and two different keys are refused") {
  struct Case {
    Sent sent;
    int status;
    std::string_view says;
  };
  for (const Case& c :
       {Case{{{{"x-llmgw-key", "vk-none"}}}, 401, "unknown"}, Case{{{{"x-llmgw-key", ""}}}, 401, "unknown"},
        Case{{{{"x-api-key", "vk-gone"}}}, 401, "'gone' expired 2025-12-31"},
        Case{{{{"x-api-key", "vk-off"}}}, 401, "'off' is disabled"},
        Case{{{{"Authorization", "Bearer vk-one"}, {"api-key", "vk-two"}}}, 400, "two different"}}) {
    CAPTURE(c.says);
    dialects::Request request;
    const auto refused = find(c.sent, false, request);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().http_status() == c.status);
    CHECK(refused.error().message.find(c.says) != std::string::npos);
    CHECK(request.key == nullptr);
  }
}
