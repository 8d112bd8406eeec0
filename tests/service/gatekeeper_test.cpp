#include "service/gatekeeper.h"

#include <doctest/doctest.h>

namespace llmgw::service {
namespace {

net::HttpRequest request_with(std::string_view name, std::string_view value) {
  net::HttpRequest request;
  request.headers.add(name, value);
  return request;
}

TEST_CASE("a Host is ours by its whole name, with any port") {
  config::Server server;
  server.listen = "127.0.0.1:8484";
  for (const std::string_view host :
       {"localhost", "LocalHost:1", "127.0.0.1:8484", "[::1]", "[::1]:8484", "host.docker.internal:80"}) {
    CAPTURE(host);
    CHECK(check_host(request_with("Host", host), server));
  }
  for (const std::string_view host :
       {"", "evil.example", "localhost.evil.example", "localhost:80.evil.example", "localhost:x",
        "[::1].evil.example", "[::1", "[::1]x", "::1", "user@localhost", "localhost "}) {
    CAPTURE(host);
    const auto checked = check_host(request_with("Host", host), server);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().http_status() == 403);
    CHECK(checked.error().message.find("allowed_hosts") != std::string::npos);
  }
}

TEST_CASE("an Origin comes in when it was granted, or is the gateway's own") {
  config::Server server;
  server.listen = "127.0.0.1:8484";
  server.allowed_origins = {"https://app.example"};
  auto from = [](std::string_view origin) {
    auto request = request_with("Host", "localhost:8484");
    if (!origin.empty()) request.headers.add("Origin", origin);
    return request;
  };
  for (const std::string_view origin : {"", "https://app.example", "http://localhost:8484"}) {
    CAPTURE(origin);
    CHECK(check_origin(from(origin), server));
  }
  for (const std::string_view origin : {"null", "https://evil.example", "http://app.example",
                                        "https://app.example.evil", "http://localhost:1"}) {
    CAPTURE(origin);
    const auto checked = check_origin(from(origin), server);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().http_status() == 403);
    CHECK(checked.error().message.find("allowed_origins") != std::string::npos);
  }
}

}  // namespace
}  // namespace llmgw::service
