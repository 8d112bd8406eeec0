#include "service/array_writer.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "service/query.h"

using namespace llmgw;
using namespace llmgw::service;

namespace {

struct Sent final : net::ResponseWriter {
  int status = 0;
  std::string type, body;
  bool ended = false;

  Result<void> send(int code, const net::Headers& headers, std::string_view text) override {
    (void)begin(code, headers);
    body = text;
    ended = true;
    return {};
  }
  Result<void> begin(int code, const net::Headers& headers) override {
    status = code;
    type = headers.get("content-type");
    return {};
  }
  Result<void> write(std::string_view bytes) override {
    body += bytes;
    return {};
  }
  Result<void> end() override {
    ended = true;
    return {};
  }
  void abort() override {}
  bool begun() const override { return status != 0; }
};

net::Headers typed(std::string_view type) {
  net::Headers headers;
  headers.add("Content-Type", type);
  return headers;
}

}  // namespace

TEST_CASE("a stream without alt=sse is an array whose elements come one by one, however the bytes are cut") {
  const std::string stream = "data: {\"a\":1}\r\n\r\n: x\n\ndata: {\"b\":2}\n\ndata: {\"error\":{}}\n\n";
  for (const size_t step : {size_t{1}, size_t{7}, stream.size()}) {
    CAPTURE(step);
    Sent sent;
    ArrayWriter array(sent);
    REQUIRE(array.begin(200, typed("text/event-stream")));
    for (size_t at = 0; at < stream.size(); at += step) REQUIRE(array.write(stream.substr(at, step)));
    CHECK_FALSE(sent.ended);
    REQUIRE(array.end());
    CHECK(sent.type == "application/json; charset=UTF-8");
    CHECK(sent.body == "[{\"a\":1},\r\n{\"b\":2},\r\n{\"error\":{}}]");
    CHECK(json::Doc::parse(sent.body));
  }
}

TEST_CASE("an element is there as soon as its event is") {
  Sent sent;
  ArrayWriter array(sent);
  REQUIRE(array.begin(200, typed("text/event-stream")));
  REQUIRE(array.write("data: {}\n\n"));
  CHECK(sent.body == "[{}");
}

TEST_CASE("a stream of nothing is an empty array, and an error before it stands in one") {
  Sent nothing;
  ArrayWriter empty(nothing);
  REQUIRE(empty.begin(200, {}));
  REQUIRE(empty.end());
  CHECK(nothing.body == "[]");

  Sent failed;
  ArrayWriter array(failed);
  REQUIRE(array.send(429, typed("application/json"), R"({"error":{"code":429}})"));
  CHECK(failed.body == R"([{"error":{"code":429}}])");
}

TEST_CASE("only alt=sse asks for events") {
  for (const std::string_view query : {"alt=sse", "key=x&alt=sse", "%61lt=sse", "$alt=sse"}) {
    CAPTURE(query);
    CHECK(asks_for_events(query));
  }
  for (const std::string_view query : {"", "alt=json", "balt=sse", "alt=json&alt=sse", "alt"}) {
    CAPTURE(query);
    CHECK_FALSE(asks_for_events(query));
  }
}
