#include <doctest/doctest.h>

#include "net/inflate.h"
#include "tests/net/on_loop.h"
#include "tests/net/serving.h"

#include <zlib.h>
#include <zstd.h>

using namespace llmgw;
using namespace llmgw::net;

namespace {

std::string gzipped(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstded(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

}  // namespace

TEST_CASE("gzip and zstd are decoded as the bytes come, up to a limit") {
  const std::string text = std::string(5000, 'a') + "end";
  for (const auto& [coding, bytes] : {std::pair{"gzip", gzipped(text)}, std::pair{"zstd", zstded(text)}}) {
    CAPTURE(coding);
    for (const size_t step : {size_t{1}, size_t{7}, bytes.size()}) {
      auto inflater = Inflater::make(coding);
      std::string out;
      for (size_t at = 0; at < bytes.size(); at += step)
        REQUIRE(inflater->feed(std::string_view(bytes).substr(at, step), out, 1 << 20));
      CHECK(out == text);
      CHECK(inflater->complete());
    }
    auto small = Inflater::make(coding);
    std::string out;
    CHECK(small->feed(bytes, out, 1000).error().status == 413);
    auto broken = Inflater::make(coding);
    CHECK_FALSE(broken->feed("this is no compressed text", out, 1 << 20));
  }
  CHECK(Inflater::make("br") == nullptr);
}

TEST_CASE("a gzip reply that was not asked for is inflated") {
  Serving serving([](HttpRequest&, ResponseWriter& writer) {
    Headers headers;
    headers.add("Content-Encoding", "gzip");
    (void)writer.send(200, headers, gzipped("plain text"));
  });
  serving.run([&] {
    const Endpoint endpoint = serving.endpoint();
    auto exchange = serving.client.send({.endpoint = &endpoint, .target = "/"}).value();
    const auto by = after(serving.loop.now(), 30s);
    CHECK_FALSE(exchange->head(by).value()->headers.has("content-encoding"));
    CHECK(exchange->read(by).value() == "plain text");
    CHECK(exchange->read(by).value().empty());
  });
}

TEST_CASE("what a client does not take is not read from upstream: no buffer grows") {
  // An upstream that would send 64 MB, a relay as the gateway does it, a client that reads nothing.
  int64_t sent_upstream = 0;
  Serving upstream([&](HttpRequest&, ResponseWriter& writer) {
    (void)writer.begin(200, {});
    const std::string piece(64 << 10, 'x');
    for (int i = 0; i < 1000 && writer.write(piece); ++i) sent_upstream += static_cast<int64_t>(piece.size());
  });
  upstream.run([&] {
    const Endpoint endpoint = upstream.endpoint();
    auto exchange = upstream.client.send({.endpoint = &endpoint, .target = "/"}).value();
    REQUIRE(exchange->head(after(upstream.loop.now(), 30s)));
    upstream.loop.sleep_until(after(upstream.loop.now(), 100ms));
    const auto stalled_at = sent_upstream;
    upstream.loop.sleep_until(after(upstream.loop.now(), 50ms));
    CHECK(sent_upstream == stalled_at);  // the kernel's buffers are full, ours hold nothing
    CHECK(sent_upstream < (20 << 20));
    for (int i = 0; i < 200; ++i) REQUIRE(exchange->read(after(upstream.loop.now(), 30s)));
    upstream.loop.sleep_until(after(upstream.loop.now(), 20ms));
    CHECK(sent_upstream > stalled_at);
  });
}

TEST_CASE("interim replies are passed over, also when the real one comes along with them") {
  Loop loop;
  Resolver resolver;
  const ProxySettings proxy;
  HttpClient client(loop, resolver, proxy);
  const int listener = open_listener("127.0.0.1:0").value();
  const Endpoint endpoint =
      parse_base_url("http://127.0.0.1:" + std::to_string(local_port(listener))).value();
  // It answers every call, and once more than it is asked to.
  loop.spawn([&] {
    Handle accepting(loop, listener);
    for (int connection = 0; connection < 2;) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) {
        accepting.drained();
        if (accepting.wait_readable(kNever) != Wake::ready) return;
        continue;
      }
      ++connection;
      loop.spawn([&loop, fd] {
        TcpStream stream(std::make_unique<Handle>(loop, fd));
        char request[1024];
        if (!stream.read(request, kNever)) return;
        (void)stream.write(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            30s);
        loop.sleep_until(after(loop.now(), 10ms));
        (void)stream.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", 30s);
        (void)stream.read(request, after(loop.now(), 1s));
      });
    }
  });
  run_on(loop, [&] {
    for (int call = 0; call < 2; ++call) {
      auto exchange = client.send({.endpoint = &endpoint, .target = "/", .body = "x"});
      REQUIRE(exchange);
      const auto head = (*exchange)->head(after(loop.now(), 30s));
      REQUIRE(head);
      CHECK((*head)->status == 200);
      CHECK_FALSE((*head)->headers.has("a"));
      CHECK(whole_body(**exchange, after(loop.now(), 30s)) == "ok");  // never what nobody asked for
      loop.sleep_until(after(loop.now(), 30ms));
    }
  });
}

TEST_CASE("replies of upstreams that are no replies are told apart from broken connections") {
  struct Case {
    std::string_view name, bytes;
    ErrorClass expected;
  };
  const Case cases[] = {
      {"no HTTP", "hello\r\n\r\n", ErrorClass::invalid_response},
      {"nothing", "", ErrorClass::network},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-Le", ErrorClass::network},
      {"an interim reply only", "HTTP/1.1 103 Early Hints\r\n\r\n", ErrorClass::network},
      {"a body cut short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ErrorClass::network},
      {"a chunk cut short", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
       ErrorClass::network},
      {"chunks without an end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
       ErrorClass::network},
      {"garbage for a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
       ErrorClass::network},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    Loop loop;
    Resolver resolver;
    const ProxySettings proxy;
    HttpClient client(loop, resolver, proxy);
    const int listener = open_listener("127.0.0.1:0").value();
    const Endpoint endpoint =
        parse_base_url("http://127.0.0.1:" + std::to_string(local_port(listener))).value();
    loop.spawn([&] {
      Handle accepting(loop, listener);
      int fd = -1;
      while ((fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) < 0) {
        accepting.drained();
        (void)accepting.wait_readable(kNever);
      }
      TcpStream stream(std::make_unique<Handle>(loop, fd));
      char request[1024];
      (void)stream.read(request, kNever);
      (void)stream.write(c.bytes, 30s);
    });
    std::optional<Error> error;
    run_on(loop, [&] {
      const auto by = after(loop.now(), 30s);
      auto exchange = client.send({.endpoint = &endpoint, .target = "/", .body = "x"});
      auto head = exchange ? (*exchange)->head(by) : fail(exchange.error());
      if (!head) {
        error = head.error();
      } else {
        for (;;) {
          auto bytes = (*exchange)->read(by);
          if (!bytes) error = bytes.error();
          if (!bytes || bytes->empty()) break;
        }
      }
    });
    REQUIRE(error);
    CHECK(error->error_class == c.expected);
  }
}
