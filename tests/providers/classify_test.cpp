#include "providers/classify.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/time.h"
#include "providers/scrub.h"

using namespace llmgw;
using namespace llmgw::providers;

namespace {

struct Fixture {
  std::string name, kind;
  nlohmann::json text;

  std::string body() const {
    const auto& b = text.at("body");
    return b.is_string() ? b.get<std::string>() : b.dump();
  }
  net::Headers headers() const {
    net::Headers out;
    const auto fields = text.value("headers", nlohmann::json::object());
    for (const auto& [name, value] : fields.items()) {
      out.add(name, value.get<std::string>());
    }
    return out;
  }
};

std::vector<Fixture> fixtures() {
  std::vector<Fixture> all;
  const std::filesystem::path root = "tests/wire/errors";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    all.push_back({entry.path().lexically_relative(root).string(),
                   entry.path().parent_path().filename().string(), nlohmann::json::parse(bytes)});
  }
  std::ranges::sort(all, {}, &Fixture::name);
  return all;
}

config::Provider openai() {
  config::Provider p;
  p.name = "openai";
  config::Key key;
  key.name = "main";
  key.value = Secret("sk-secret-0123456789");
  p.keys.push_back(key);
  return p;
}

// At 2026-01-01T00:00:00Z.
const ManualClock kClock = [] {
  ManualClock clock;
  clock.set(TimePoint{});
  return clock;
}();

}  // namespace

TEST_CASE("every error that providers are known to send has its class") {
  const auto all = fixtures();
  std::set<std::string> kinds;
  for (const Fixture& f : all) {
    CAPTURE(f.name);
    const Row* row = find_row(f.kind);
    REQUIRE(row != nullptr);
    kinds.insert(f.kind);
    REQUIRE_FALSE(f.text.value("source", "").empty());

    const int status = f.text.at("status").get<int>();
    const Error e = classify(*row, status, f.headers(), f.body(), kClock.wall());
    const auto& expect = f.text.at("expect");
    CHECK(name(e.error_class) == expect.at("class").get<std::string>());
    if (expect.contains("code")) CHECK(e.code == expect["code"].get<std::string>());
    if (expect.contains("type")) CHECK(e.type == expect["type"].get<std::string>());
    if (expect.contains("param")) CHECK(e.param == expect["param"].get<std::string>());
    if (expect.contains("message")) {
      CAPTURE(e.message);
      CHECK(e.message.find(expect["message"].get<std::string>()) != std::string::npos);
    }
    if (expect.contains("retry_after_ms")) {
      REQUIRE(e.retry_after);
      CHECK(to_ms(*e.retry_after) == expect["retry_after_ms"].get<int64_t>());
    }
    CHECK_FALSE(e.message.empty());
    if (status >= 400) CHECK(e.status == status);
  }
  CHECK(all.size() >= 120);
  CHECK(kinds.size() >= 20);
}

TEST_CASE("an error object in a 200 is classified alike as a body and as an object") {
  for (const Fixture& f : fixtures()) {
    if (f.text.at("status") != 200 || !f.text.at("body").is_structured()) continue;
    CAPTURE(f.name);
    const std::string body = f.body();
    const auto doc = json::Doc::parse(body);
    REQUIRE(doc);
    CHECK(is_error_object(doc->root()));
    const Error e = classify_object(*find_row(f.kind), doc->root());
    CHECK(name(e.error_class) == f.text.at("expect").at("class").get<std::string>());
  }
}

TEST_CASE("a status is taken from the code of an error object") {
  const auto doc = json::Doc::parse(R"({"error":{"message":"Upstream error","code":502}})");
  const Error e = classify_object(*find_row("openrouter"), doc->root());
  CHECK(e.error_class == ErrorClass::server_error);
  CHECK(e.http_status() == 502);
  const auto worded = json::Doc::parse(R"({"error":{"message":"no","code":"insufficient_quota"}})");
  CHECK(classify_object(*find_row("openai"), worded->root()).http_status() == 402);
}

TEST_CASE("the error object itself is read like the body around it") {
  const auto doc = json::Doc::parse(R"({"error":{"message":"Overloaded","type":"overloaded_error"}})");
  CHECK(classify_object(*find_row("anthropic"), doc->root()["error"]).error_class == ErrorClass::overloaded);
  const auto responses = json::Doc::parse(
      R"({"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"try again in 2s"}}})");
  const Error e = classify_object(*find_row("openai"), responses->root());
  CHECK(e.error_class == ErrorClass::rate_limit);
  CHECK(e.retry_after == Duration(2s));
}

TEST_CASE("what is no error object is not taken for one") {
  for (std::string_view text : {R"({"choices":[]})", R"({"error":null,"choices":[]})", "[]", "{}", "1",
                                R"("x")", R"({"error":false})", R"({"type":"message"})"}) {
    CAPTURE(text);
    const auto doc = json::Doc::parse(text);
    REQUIRE(doc);
    CHECK_FALSE(is_error_object(doc->root()));
  }
}

TEST_CASE("a config's own rules come before the catalog's") {
  config::Provider c = openai();
  c.errors = {{400, "(?i)quota exceeded", ErrorClass::quota, {}},
              {std::nullopt, "maintenance", ErrorClass::overloaded, {}},
              {429, "", ErrorClass::overloaded, {}}};
  const auto p = Provider::make(c);
  REQUIRE(p);
  const auto of = [&](int status, std::string_view body) {
    return classify(**p, status, {}, body, kClock.wall()).error_class;
  };
  CHECK(of(400, R"({"error":{"message":"Quota Exceeded for org"}})") == ErrorClass::quota);
  CHECK(of(403, R"({"error":{"message":"Quota Exceeded for org"}})") == ErrorClass::auth);
  CHECK(of(500, "down for maintenance \xff") == ErrorClass::overloaded);
  CHECK(of(429, R"({"error":{"code":"insufficient_quota"}})") == ErrorClass::overloaded);
}

TEST_CASE("a key that a provider repeats is scrubbed from everything it says") {
  const auto p = Provider::make(openai());
  REQUIRE(p);
  const Error e =
      classify(**p, 401, {},
               R"~({"error":{"message":"Bad key sk-secret-0123456789 (sk-secret-0123456789)","type":"t",
                               "code":"sk-secret-0123456789","param":"sk-secret-0123456789"}})~",
               kClock.wall());
  CHECK(e.message == "Bad key *** (***)");
  CHECK(e.code == "***");
  CHECK(e.param == "***");
  CHECK(scrub("aabb", {"aa"}) == "aabb");
  CHECK(scrub("xx-long-key-1 xx-long", {"xx-long", "xx-long-key-1"}) == "*** ***");
}

TEST_CASE("no body makes it fail, and messages stay short") {
  const Row& row = *find_row("openai");
  const std::string deep = std::string(3000, '[') + std::string(3000, ']');
  const std::string long_text(300'000, 'x');
  for (const std::string& body :
       {std::string(), std::string("\0\xff<", 3), deep, long_text, std::string(R"({"error":)"),
        std::string(R"({"error":{"error":{"error":{"error":{"error":{"error":{"message":"deep"}}}}}}})"),
        R"({"error":{"message":")" + long_text + R"("}})", std::string(R"({"error":[[[[]]]]})"),
        std::string(R"({"detail":[1,null,{"loc":5}]})"),
        std::string(R"({"message":{"message":{"message":{}}}})"), std::string("<title></title>"),
        std::string("<title>")}) {
    for (int status : {0, 200, 301, 400, 404, 429, 500, 599, 999, -1}) {
      const Error e = classify(row, status, {}, body, kClock.wall());
      CHECK(e.message.size() < 2100);
      CHECK_FALSE(e.message.empty());
    }
  }
}
