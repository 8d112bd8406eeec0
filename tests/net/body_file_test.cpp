#include "net/body_file.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include <doctest/doctest.h>

#include "tests/net/serving.h"

using namespace llmgw;
using namespace llmgw::net;

namespace {

struct Place {
  Place() { std::filesystem::create_directories(directory); }
  ~Place() { std::filesystem::remove_all(directory); }
  std::string directory = "/tmp/llmgw-body-file-" + std::to_string(::getpid());
  WorkerPool workers{1, 64};
  BodyStore store{directory, workers};
};

}  // namespace

TEST_CASE("a body in a file is read back with its changes, and leaves no name behind") {
  Place place;
  Loop loop;
  run_on(loop, [&] {
    auto file = BodyFile::create(loop, place.store).value();
    CHECK(std::filesystem::is_empty(place.directory));
    std::string expected;
    for (int i = 0; i < 10; ++i) {
      const std::string piece(50'000, static_cast<char>('a' + i));
      expected += piece;
      REQUIRE(file->append(loop, piece));
    }
    CHECK(file->size() == expected.size());
    const FileBody body{
        file,
        {{0, 3, "begun"}, {70'000, 70'000, "put in"}, {300'000, 400'000, ""}, {499'999, 500'000, "end"}}};
    for (auto it = body.changes.rbegin(); it != body.changes.rend(); ++it)
      expected.replace(it->begin, it->end - it->begin, it->text);
    CHECK(body.size() == expected.size());
    std::string got;
    FileBodyReader reader(loop, body);
    for (;;) {
      const auto piece = reader.next(kNever);
      REQUIRE(piece);
      if (piece->empty()) break;
      got += *piece;
    }
    CHECK(got == expected);
  });
}

TEST_CASE("a body that cannot be kept is a 507 that names the place and the reason") {
  Place place;
  Loop loop;
  std::signal(SIGXFSZ, SIG_IGN);
  run_on(loop, [&] {
    const BodyStore nowhere{place.directory + "/none", place.workers};
    const auto none = BodyFile::create(loop, nowhere);
    REQUIRE_FALSE(none);
    CHECK(none.error().status == 507);
    CHECK(none.error().message.find(nowhere.directory) != std::string::npos);

    auto file = BodyFile::create(loop, place.store).value();
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{.rlim_cur = 100'000, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto written = file->append(loop, std::string(200'000, 'x'));
    ::setrlimit(RLIMIT_FSIZE, &before);
    REQUIRE_FALSE(written);
    CHECK(written.error().status == 507);
    CHECK(written.error().message.find("File too large") != std::string::npos);
  });
}

TEST_CASE("a form above 1 MiB comes in as a file, which a call sends on and no memory holds") {
  Place place;
  std::string form = "--b\r\n" + std::string(3 << 20, 'x') + "\r\n--b--";
  std::string seen;
  uint64_t in_file = 0;
  int64_t held = -1;
  Serving* server = nullptr;
  Serving serving(
      [&](HttpRequest& request, ResponseWriter& writer) {
        held = server->state.buffered;
        in_file = request.file ? request.file->size() : 0;
        Headers headers;
        headers.add("Content-Type", "text/plain");
        if (request.path() == "/second") {
          seen = request.file->read(server->loop, 0, 64 << 20, kNever).value();
          CHECK(request.body.empty());
          return (void)writer.send(200, headers, "taken");
        }
        const Endpoint endpoint = server->endpoint();
        Call call{.endpoint = &endpoint, .target = "/second"};
        call.headers.add("Content-Type", request.headers.get("content-type"));
        if (request.file) {
          call.upload = FileBody{request.file, {{5, 10, "longer than it was"}}};
        } else {
          return (void)writer.send(200, headers, "in memory");
        }
        auto exchange = server->client.send(std::move(call));
        REQUIRE(exchange);
        REQUIRE((*exchange)->head(kNever));
        (void)writer.send(200, headers, whole_body(**exchange, kNever));
      },
      {.bodies = &place.store});
  server = &serving;
  serving.run([&] {
    const std::string head =
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; "
        "boundary=b\r\n";
    const auto length = [](size_t n) { return "Content-Length: " + std::to_string(n) + "\r\n\r\n"; };
    CHECK(serving.raw(head + length(form.size()) + form).ends_with("taken"));
    std::string expected = form;
    CHECK(seen == expected.replace(5, 5, "longer than it was"));
    CHECK(held == 0);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", form.size());
    CHECK(serving.raw(head + "Transfer-Encoding: chunked\r\n\r\n" + size + form + "\r\n0\r\n\r\n")
              .ends_with("taken"));
    // A small one stays in memory.
    CHECK(serving.raw(head + length(1000) + form.substr(0, 1000)).ends_with("in memory"));
    CHECK(held == 1000);
  });
  CHECK(std::filesystem::is_empty(place.directory));
}
