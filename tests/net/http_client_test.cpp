#include <set>

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <zlib.h>

#include "tests/net/serving.h"

using namespace llmgw;
using namespace llmgw::net;

namespace {

// An upstream of a script: one answer a connection or more, as its bytes say.
struct Upstream {
  Serving& serving;
  std::vector<std::string> replies;  // to the requests, whatever connection they come on
  int connections = 0;
  Fiber* fiber = nullptr;
  std::set<Fiber*> talking;
  Endpoint endpoint;

  Upstream(Serving& s, std::vector<std::string> r) : serving(s), replies(std::move(r)) {
    const int fd = open_listener("127.0.0.1:0").value();
    endpoint = parse_base_url("http://127.0.0.1:" + std::to_string(local_port(fd))).value();
    fiber = s.loop.spawn([this, fd] {
      Handle listener(serving.loop, fd);
      while (listener.wait_readable(kNever) == Wake::ready) {
        const int client = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) {
          listener.drained();
          continue;
        }
        ++connections;
        serving.loop.spawn([this, client] {
          talking.insert(serving.loop.Scheduler::current());
          talk(client);
          talking.erase(serving.loop.Scheduler::current());
        });
      }
    });
  }
  ~Upstream() {
    serving.loop.cancel(fiber, CancelCause::shutdown);
    for (Fiber* one : talking) serving.loop.cancel(one, CancelCause::shutdown);
    while (!talking.empty()) serving.loop.yield();
  }

  void talk(int client) {
    TcpStream stream(std::make_unique<net::Handle>(serving.loop, client));
    char buffer[4096];
    for (;;) {
      const auto n = stream.read(buffer, kNever);
      if (!n || *n == 0 || replies.empty()) return;
      const std::string reply = replies.front();
      replies.erase(replies.begin());
      // What stands behind a bar comes a little later.
      (void)stream.write(reply.substr(0, reply.find('|')), 30s);
      if (reply.find('|') == std::string::npos) continue;
      serving.loop.sleep_until(after(serving.loop.now(), 5ms));
      (void)stream.write(reply.substr(reply.find('|') + 1), 30s);
    }
  }

  std::string ask() {
    auto exchange = serving.client.send({.endpoint = &endpoint, .target = "/", .body = "x"});
    if (!exchange) return exchange.error().message;
    const TimePoint by = after(serving.loop.now(), 30s);
    const auto head = (*exchange)->head(by);
    if (!head) return head.error().message;
    return std::to_string((*head)->status) + " " + whole_body(**exchange, by);
  }
};

}  // namespace

TEST_CASE("what an upstream sends beside the reply that was asked for does no harm") {
  const std::string a = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
                    b = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb";
  Serving serving([](HttpRequest&, ResponseWriter& writer) { writer.abort(); });
  serving.run([&] {
    {
      Upstream upstream(serving,
                        {"HTTP/1.1 100 Continue\r\n\r\n" + a,
                         "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + b});
      CHECK(upstream.ask() == "200 a");
      CHECK(upstream.ask() == "200 b");
      CHECK(upstream.connections == 1);
    }
    {
      Upstream upstream(serving, {a + b, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nc"});
      CHECK(upstream.ask() == "200 a");
      CHECK(upstream.ask() == "200 c");
      CHECK(upstream.connections == 2);
    }
    {
      Upstream upstream(serving, {a + "|" + b, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nc"});
      CHECK(upstream.ask() == "200 a");
      serving.loop.sleep_until(after(serving.loop.now(), 30ms));
      CHECK(upstream.ask() == "200 c");
      CHECK(upstream.connections == 2);
    }
  });
}

TEST_CASE("a compressed reply is bounded by what it becomes, not by what it was") {
  // 80 MB of zeros in gzip members of one megabyte each.
  std::string member(1 << 16, '\0');
  const std::string zeros(1 << 20, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
  stream.avail_in = static_cast<uInt>(zeros.size());
  stream.next_out = reinterpret_cast<Bytef*>(member.data());
  stream.avail_out = static_cast<uInt>(member.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  member.resize(member.size() - stream.avail_out);
  deflateEnd(&stream);
  std::string bomb;
  for (int i = 0; i < 80; ++i) bomb += member;
  Serving serving([&](HttpRequest&, ResponseWriter& writer) {
    Headers headers;
    headers.add("Content-Encoding", "gzip");
    (void)writer.send(200, headers, bomb);
  });
  serving.run([&] {
    const Endpoint endpoint = serving.endpoint();
    auto exchange = serving.client.send({.endpoint = &endpoint, .target = "/"}).value();
    const TimePoint by = after(serving.loop.now(), 10s);
    REQUIRE(exchange->head(by));
    size_t decoded = 0;
    for (;;) {
      const auto piece = exchange->read(by);
      if (!piece) {
        CHECK(piece.error().error_class == ErrorClass::invalid_response);
        break;
      }
      REQUIRE_FALSE(piece->empty());
      decoded += piece->size();
    }
    CHECK(decoded <= (64u << 20));
  });
}
