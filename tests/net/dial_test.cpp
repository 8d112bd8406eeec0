#include "net/dial.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "tests/net/serving.h"

using namespace llmgw;
using namespace llmgw::net;

TEST_CASE("a base URL is taken apart") {
  struct Case {
    std::string_view url, host;
    int port;
    std::string_view prefix, authority;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"https://api.openai.com/v1", "api.openai.com", 443, "/v1", "api.openai.com"},
           {"http://localhost:11434/v1/", "localhost", 11434, "/v1", "localhost:11434"},
           {"HTTP://Example.COM", "example.com", 80, "", "example.com"},
           {"http://[::1]:8080/a/b", "::1", 8080, "/a/b", "[::1]:8080"},
           {"https://[2001:db8::1]", "2001:db8::1", 443, "", "[2001:db8::1]"},
           {"https://h:80/", "h", 80, "", "h:80"}}) {
    CAPTURE(c.url);
    const auto url = parse_base_url(c.url);
    REQUIRE(url);
    CHECK(url->host == c.host);
    CHECK(url->port == c.port);
    CHECK(url->prefix == c.prefix);
    CHECK(url->authority == c.authority);
  }
  CHECK(parse_base_url("mock:")->scheme == "mock");
}

TEST_CASE("what is no base URL is refused with a reason") {
  for (std::string_view url :
       {"", "api.openai.com", "ftp://x", "https://", "https:///v1", "https://h:0", "https://h:99999",
        "https://h:x", "https://h/v1?x=1", "https://h/#f", "https://h /v1", "https://h/\r\nX: y",
        "https://user:pw@h", "http://[::1", "http://[::1]x", "http://h_/ö bad", "https://h:", "mock:x"}) {
    CAPTURE(url);
    const auto parsed = parse_base_url(url);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find("base URL") == 0);
    CHECK(parsed.error().message.find("pw") == std::string::npos);
  }
}

TEST_CASE("NO_PROXY names hosts, suffixes and everything") {
  ProxySettings proxy{"http://p:1", {"internal.example", ".corp", "10.0.0.1"}};
  for (const std::string_view host :
       {"internal.example", "a.internal.example", "x.corp", "10.0.0.1", "localhost", "127.0.0.1"}) {
    CAPTURE(host);
    CHECK(proxy.excludes(host));
  }
  for (const std::string_view host : {"example", "notinternal.example", "corp.example", "api.openai.com"}) {
    CAPTURE(host);
    CHECK_FALSE(proxy.excludes(host));
  }
  CHECK(ProxySettings{"http://p:1", {"*"}}.excludes("api.openai.com"));
}

TEST_CASE("https upstreams are reached through the proxy by CONNECT, with its credentials") {
  std::string seen, credentials;
  Serving proxy_server([&](HttpRequest& request, ResponseWriter& writer) {
    seen = request.method + " " + request.target;
    credentials = request.headers.get("proxy-authorization");
    (void)writer.send(403, {}, "");
  });
  proxy_server.run([&] {
    Endpoint endpoint = parse_base_url("https://api.example.com/v1").value();
    const ProxySettings proxy{"http://us%65r:pw@127.0.0.1:" + std::to_string(proxy_server.port), {}};
    const auto dialed =
        dial(proxy_server.loop, proxy_server.resolver, proxy, endpoint, after(proxy_server.loop.now(), 30s));
    REQUIRE_FALSE(dialed);
    CHECK(dialed.error().message == "the proxy refused to connect to api.example.com:443: HTTP 403");
    CHECK(seen == "CONNECT api.example.com:443");
    CHECK(credentials == "Basic " + base64("user:pw"));
  });
}

TEST_CASE("names are looked up off the loop; what fails is named") {
  Serving serving([](HttpRequest&, ResponseWriter& writer) { (void)writer.send(200, {}, "ok"); });
  serving.run([&] {
    const auto by = after(serving.loop.now(), 30s);
    const auto localhost = serving.resolver.resolve(serving.loop, "localhost", serving.port, by);
    REQUIRE(localhost);
    CHECK_FALSE(localhost->empty());
    const auto nowhere = serving.resolver.resolve(serving.loop, "no-such-host.invalid", 80, by);
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().error_class != ErrorClass::cancelled);
    // localhost may be ::1 first, where nobody listens: the other family is tried.
    const Endpoint endpoint = parse_base_url("http://localhost:" + std::to_string(serving.port)).value();
    CHECK(dial(serving.loop, serving.resolver, serving.proxy, endpoint, after(serving.loop.now(), 30s)));
  });
}

TEST_CASE("a connection that is refused, or comes to nothing in time, says so") {
  Serving serving([](HttpRequest&, ResponseWriter&) {});
  serving.run([&] {
    const auto refused = dial(serving.loop, serving.resolver, serving.proxy,
                              parse_base_url("http://127.0.0.1:1").value(), after(serving.loop.now(), 30s));
    CHECK(refused.error().message == "cannot connect to 127.0.0.1:1: Connection refused");
    CHECK(refused.error().error_class == ErrorClass::network);
  });
}
