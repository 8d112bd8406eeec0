#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/net/serving.h"

using namespace llmgw;
using namespace llmgw::net;

namespace {

void echo(HttpRequest& request, ResponseWriter& writer) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  (void)writer.send(200, headers, request.method + " " + request.target + " " + request.body);
}

}  // namespace

TEST_CASE("a request goes out, its reply comes back, and the connection is used again") {
  Serving serving(echo);
  serving.run([&] {
    const Endpoint endpoint = serving.endpoint();
    for (int i = 0; i < 3; ++i) {
      const std::string text = "body " + std::to_string(i);
      Call call{.endpoint = &endpoint, .target = "/v1/x?y=1", .body = text};
      auto exchange = serving.client.send(std::move(call));
      REQUIRE(exchange);
      auto head = (*exchange)->head(after(serving.loop.now(), 30s));
      REQUIRE(head);
      CHECK((*head)->status == 200);
      CHECK((*head)->headers.get("content-type") == "text/plain");
      CHECK(whole_body(**exchange, after(serving.loop.now(), 30s)) == "POST /v1/x?y=1 " + text);
      CHECK(serving.client.idle() == 1);
      CHECK(serving.state.connections == 1);
    }
  });
}

TEST_CASE("a streamed reply arrives piece by piece, as it is written") {
  Loop* loop = nullptr;
  Serving serving([&](HttpRequest&, ResponseWriter& writer) {
    (void)writer.begin(200, {});
    for (int i = 0; i < 3; ++i) {
      (void)writer.write("piece " + std::to_string(i) + "\n");
      loop->sleep_until(after(loop->now(), 5ms));
    }
    (void)writer.end();
  });
  loop = &serving.loop;
  serving.run([&] {
    const Endpoint endpoint = serving.endpoint();
    auto exchange = serving.client.send({.endpoint = &endpoint, .target = "/"}).value();
    const TimePoint by = after(serving.loop.now(), 30s);
    REQUIRE(exchange->head(by));
    for (int i = 0; i < 3; ++i) CHECK(exchange->read(by).value() == "piece " + std::to_string(i) + "\n");
    CHECK(exchange->read(by).value().empty());
    CHECK(serving.client.idle() == 1);
  });
}

TEST_CASE("a client that goes away cancels the handler") {
  bool cancelled = false;
  Loop* loop = nullptr;
  Serving serving([&](HttpRequest&, ResponseWriter&) {
    cancelled = loop->sleep_until(after(loop->now(), 30s)) == Wake::cancelled;
  });
  loop = &serving.loop;
  serving.run([&] {
    const Endpoint endpoint = serving.endpoint();
    auto exchange = serving.client.send({.endpoint = &endpoint, .target = "/"}).value();
    CHECK(exchange->head(after(serving.loop.now(), 50ms)).error().error_class == ErrorClass::timeout);
    exchange.reset();
    serving.loop.sleep_until(after(serving.loop.now(), 50ms));
    CHECK(cancelled);
  });
}

TEST_CASE("a kept connection that the server has closed is replaced unseen") {
  Serving serving(echo, {.idle = 20ms});
  serving.run([&] {
    const Endpoint endpoint = serving.endpoint();
    for (int i = 0; i < 2; ++i) {
      auto exchange = serving.client.send({.endpoint = &endpoint, .target = "/", .body = "x"});
      REQUIRE(exchange);
      REQUIRE((*exchange)->head(after(serving.loop.now(), 30s)));
      CHECK(whole_body(**exchange, after(serving.loop.now(), 30s)) == "POST / x");
      serving.loop.sleep_until(after(serving.loop.now(), 40ms));
    }
  });
}

TEST_CASE("pipelined requests are answered in order") {
  Serving serving(echo);
  serving.run([&] {
    const auto reply = serving.raw(
        "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\noneGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: "
        "close\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n");
    const size_t one = reply.find("POST /1 one"), two = reply.find("GET /2 "),
                 three = reply.find("POST /3 abc");
    CHECK(one < two);
    CHECK(two < three);
    CHECK(three != std::string::npos);
  });
}

TEST_CASE("what is not clean HTTP/1.1 is refused, and nothing behind it is taken for a request") {
  struct Case {
    std::string_view name, request;
    int status;
  };
  const std::string long_field = "GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n";
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 100; ++i) many += "F" + std::to_string(i) + ": 1\r\n";
  many += "\r\n";
  const Case cases[] = {
      {"CL and TE",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"TE and CL",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"two equal lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
       400},
      {"a list of lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na", 400},
      {"a signed length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400},
      {"a negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\na", 400},
      {"an overflowing length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\na",
       400},
      {"an overflowing chunk",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nab", 400},
      {"a hex-prefixed chunk",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400},
      {"another coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       400},
      {"xchunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400},
      {"a folded field", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400},
      {"a field folded before its value", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 1\r\n\r\na",
       400},
      {"a field folded behind its value", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n \r\n\r\na",
       400},
      {"an empty field folded", "GET / HTTP/1.1\r\nHost: x\r\nA:\r\n\t\r\n\r\n", 400},
      {"a bare LF", "GET / HTTP/1.1\nHost: x\n\n", 400},
      {"a NUL", std::string_view("GET / HTTP/1.1\r\nHost: x\r\nA: \0b\r\n\r\n", 35), 400},
      {"a space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", 400},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
      {"another version", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400},
      {"no HTTP at all", "hello\r\n\r\n", 400},
      {"TLS", std::string_view("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
      {"64 KB of field", long_field, 431},
      {"101 fields", many, 431},
      {"a body above the limit", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n", 413},
      {"a cut body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nab", 408},
      {"a cut head", "POST / HTTP/1.1\r\nHo", 408},
  };
  int handled = 0;
  Serving serving([&](HttpRequest& r, ResponseWriter& w) { ++handled, echo(r, w); },
                  {.limits = {.body = 1000}, .head = 50ms, .body = 50ms});
  serving.run([&] {
    for (const auto& c : cases) {
      CAPTURE(c.name);
      const auto reply = serving.raw(std::string(c.request) +
                                     (c.status == 408 ? "" : "GET /second HTTP/1.1\r\nHost: x\r\n\r\n"));
      CAPTURE(reply);
      CHECK(reply.starts_with("HTTP/1.1 " + std::to_string(c.status) + " "));
      CHECK(reply.find("HTTP/1.1 ", 9) == std::string::npos);
    }
  });
  CHECK(handled == 0);
}

TEST_CASE("100-continue, HEAD and HTTP/1.0 are served as RFC 9110 and 9112 have it") {
  Serving serving(echo);
  serving.run([&] {
    const auto expecting =
        serving.raw("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(expecting.starts_with("HTTP/1.1 100 Continue\r\n\r\n"));
    const auto head = serving.raw("HEAD /h HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(head.find("Content-Length: 8\r\n") != std::string::npos);
    CHECK(head.ends_with("\r\n\r\n"));
    const auto old = serving.raw("GET /o HTTP/1.0\r\n\r\n");
    CHECK(old.ends_with("GET /o "));
  });
}

TEST_CASE("a reply without a body has no last chunk, and the connection goes on") {
  Serving serving([](HttpRequest&, ResponseWriter& writer) {
    (void)writer.begin(204, {});
    (void)writer.end();
  });
  serving.run([&] {
    const auto reply = serving.raw(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nPOST / HTTP/1.1\r\nHost: "
        "x\r\nContent-Length: 0\r\n\r\n");
    CHECK(reply.find("0\r\n\r\n") == std::string::npos);
    CHECK(reply.find("HTTP/1.1 204 No Content", 5) != std::string::npos);
  });
}

TEST_CASE("max_buffered holds for chunked bodies too, and no longer for one whose stream has begun") {
  int64_t held = -1;
  ServerState* state = nullptr;
  Serving serving(
      [&](HttpRequest&, ResponseWriter& writer) {
        (void)writer.begin(200, {});
        held = state->buffered;
        (void)writer.end();
      },
      {.max_buffered = 1000});
  state = &serving.state;
  const std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  serving.run([&] {
    CHECK(serving.raw(chunked + "7d0\r\n" + std::string(1500, 'x')).starts_with("HTTP/1.1 503 "));
    CHECK(serving.raw(chunked + "1f4\r\n" + std::string(500, 'x') + "\r\n0\r\n\r\n")
              .starts_with("HTTP/1.1 200 "));
    CHECK(held == 0);
    CHECK(serving.state.buffered == 0);
  });
}

TEST_CASE("a client of HTTP/1.0 that asks to be kept is told that it is not") {
  Serving serving(echo);
  serving.run([&] {
    CHECK(serving.raw("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").find("Connection: close\r\n") !=
          std::string::npos);
  });
}

TEST_CASE("a handler that throws or forgets to reply is a 500, and the server goes on") {
  Serving serving([](HttpRequest& request, ResponseWriter& writer) {
    if (request.target == "/begun") (void)writer.begin(200, {}), (void)writer.write("half");
    if (request.target != "/forgets") throw std::runtime_error("out of luck");
  });
  serving.run([&] {
    auto get = [&](std::string path) { return serving.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); };
    CHECK(get("/throws").starts_with("HTTP/1.1 500 "));
    CHECK(get("/throws").ends_with("an internal error: out of luck"));
    CHECK(get("/forgets").starts_with("HTTP/1.1 500 "));
    CHECK_FALSE(get("/begun").ends_with("0\r\n\r\n"));
    CHECK(serving.state.requests == 0);
  });
}

TEST_CASE("who comes when max_connections are open reads why, though it is still writing") {
  Serving serving([](HttpRequest&, ResponseWriter& writer) { (void)writer.send(200, {}, "ok"); },
                  {.max_connections = 1});
  serving.run([&] {
    auto first = serving.connect();
    serving.loop.sleep_until(after(serving.loop.now(), 20ms));
    for (int i = 0; i < 20; ++i) {
      const auto reply = serving.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" +
                                     std::string(200'000, 'x'));
      CHECK(reply.starts_with("HTTP/1.1 503 "));
      CHECK(reply.ends_with("max_connections, 1, are open"));
    }
    CHECK(serving.state.connections == 1);
  });
  CHECK(serving.state.turned_away == 0);
}
