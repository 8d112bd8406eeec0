// docs: `[log] bodies`.
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

std::string keeping(std::string_view bodies) {
  return "[log]\nbodies = \"" + std::string(bodies) + "\"\n" +
         providers_toml({"a", "b"}, 1, "retries = { max = 0 }");
}

}  // namespace

TEST_CASE("bodies are kept as [log] bodies says") {
  struct Case {
    std::string_view bodies, fault;
    bool stream, fallback, kept;
  };
  const Case cases[] = {
      {"off", "", false, false, false},         {"off", "500", false, false, false},
      {"all", "", false, false, true},          {"all", "", true, false, true},
      {"failures", "", false, false, false},    {"failures", "", true, false, false},
      {"failures", "500", false, false, true},  {"failures", "500", false, true, true},
      {"failures", "500", true, true, true},    {"failures", "400", true, false, true},
      {"failures", "hang", false, false, true},
  };
  for (const auto& c : cases) {
    CAPTURE(c.bodies);
    CAPTURE(c.fault);
    CAPTURE(c.stream);
    TestWorld world(keeping(c.bodies));
    if (!c.fault.empty()) world.when("a", {fault(c.fault)});
    const Got got = world.ask({.stream = c.stream, .more = c.fallback ? R"(,"fallbacks":["b/n"])" : ""});
    REQUIRE(world.records.size() == 1);
    const auto& record = world.records[0];
    if (!c.kept) {
      CHECK(record.request_body.empty());
      CHECK(record.response_body.empty());
      continue;
    }
    const auto sent = json::Doc::parse(record.request_body);
    REQUIRE(sent);
    CHECK(sent->root()["model"].text() == "a/m");
    CHECK(record.response_body == got.body);
  }
}

TEST_CASE("a stream that is cut is a failure, and its pieces are kept with the error that ended it") {
  TestWorld world(keeping("failures"));
  world.when("a", {ok({.text = "one two three four five", .cut_after = 3})});
  const Got got = world.ask({.stream = true});
  REQUIRE(world.records.size() == 1);
  CHECK(world.records[0].cut);
  CHECK(world.records[0].response_body == got.body);
  CHECK(world.records[0].response_body.find("stream_cut") != std::string::npos);
}

TEST_CASE("a client that leaves is no failure") {
  TestWorld world(keeping("failures"));
  world.when("a", {ok({.head = 10s})});
  world.ask({.leaves_after = 1s});
  REQUIRE(world.records.size() == 1);
  CHECK(world.records[0].request_body.empty());
}

TEST_CASE("a long body is kept up to a bound, and says so") {
  TestWorld world(keeping("all"));
  const std::string text(1 << 20, 'x');
  world.when("a", {ok({.text = text})});
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    const Got got = world.ask({.stream = stream, .more = ",\"user\":\"" + text + "\""});
    const auto& record = world.records.back();
    for (const std::string* body : {&record.request_body, &record.response_body}) {
      CHECK(body->size() > KeptBodies::kMost);
      CHECK(body->size() < KeptBodies::kMost + 100);
    }
    CHECK(record.request_body.find("[cut by llmgw: the first 262144 of ") != std::string::npos);
    CHECK(record.response_body.ends_with(" of " + std::to_string(got.body.size()) + " bytes]"));
  }
}

TEST_CASE("no provider's key is kept, not even one that the bound cuts through") {
  TestWorld world(keeping("all"));
  const std::string key = "sk-b-k1";
  for (const size_t before : {size_t{5}, KeptBodies::kMost - 60, KeptBodies::kMost - 55, KeptBodies::kMost}) {
    CAPTURE(before);
    world.ask({.more = ",\"user\":\"" + std::string(before, 'x') + key + std::string(1000, 'y') + "\""});
    const auto& kept = world.records.back().request_body;
    CHECK(kept.find("sk-b") == std::string::npos);
  }
}
