// docs: "Races".
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

// Three targets; a second call begins after 2 s of silence.
std::string three() {
  return "[fallback]\nslow_after = \"2s\"\n" +
         providers_toml({"a", "b", "c"}, 1, "retries = { max = 1, backoff = \"1ms\" }");
}

const std::string kChain = R"(,"fallbacks":["b/n","c/n"])";

Got ask(TestWorld& world, bool stream = true) {
  return world.ask({.stream = stream, .more = kChain, .timeout = 30s});
}

TestWorld::Script after_silence(Duration d, std::string text = "x") {
  return ok({.text = std::move(text), .head = d});
}

}  // namespace

TEST_CASE("a silent target is raced by the next one, and the first content wins") {
  for (const bool stream : {true, false}) {
    CAPTURE(stream);
    TestWorld world(three());
    world.when("a", {fault("hang")});
    const Got got = ask(world, stream);
    CHECK(got.status == 200);
    CHECK((stream ? got.streamed_text() == "from b.test" : got.has("from b.test")));
    CHECK(got.answers == 1);
    CHECK(got.took < 3s);
    CHECK(world.calls() == "a:k1 b:k1");
    const auto& loser = *world.transport.calls().at(0);
    CHECK(loser.left - loser.at < 3s);
    const auto& record = world.records.at(0);
    CHECK(record.provider == "b");
    CHECK(record.attempts.at(0).error_class == ErrorClass::cancelled);
    CHECK(record.attempts.at(1).raced);
  }
}

TEST_CASE("a primary that answers first wins its race, and the racer is cancelled") {
  TestWorld world(three());
  world.when("a", {after_silence(3s, "from a")});
  world.when("b", {fault("hang")});
  const Got got = ask(world);
  CHECK(got.streamed_text() == "from a");
  CHECK(world.calls() == "a:k1 b:k1");
  CHECK(world.transport.calls().at(1)->left - world.transport.calls().at(1)->at < 2s);
}

TEST_CASE("never more than two calls live") {
  TestWorld world(three());
  world.when("a", {fault("hang")});
  world.when("b", {fault("hang")});
  const Got got = ask(world);
  CHECK(got.status == 504);
  CHECK(world.calls() == "a:k1 b:k1");
}

TEST_CASE("while one call lives the failure of the other starts nothing") {
  TestWorld world(three());
  world.when("a", {after_silence(6s, "from a")});
  world.when("b", {fault("500")});
  const Got got = ask(world);
  CHECK(got.streamed_text() == "from a");
  CHECK(world.calls() == "a:k1 b:k1");

  TestWorld other(three());
  other.when("a", {[](const SeenCall& call) {
               return simulate::fails(call, *simulate::parse_fault("500"), {}, 4s);
             }});
  other.when("b", {after_silence(5s, "from b")});
  CHECK(ask(other).streamed_text() == "from b");
  CHECK(other.calls() == "a:k1 b:k1");
}

TEST_CASE("when both have failed the chain goes on") {
  TestWorld world(three());
  world.when("a", {[](const SeenCall& call) {
               return simulate::fails(call, *simulate::parse_fault("500"), {}, 4s);
             }});
  world.when("b", {fault("503")});
  const Got got = ask(world);
  CHECK(got.streamed_text() == "from c.test");
  CHECK(world.calls() == "a:k1 b:k1 c:k1");
}

TEST_CASE("a race that all lose reports the primary's error") {
  TestWorld world(three());
  world.when("a", {[](const SeenCall& call) {
               return simulate::fails(call, *simulate::parse_fault("500"), {}, 4s);
             }});
  world.when("b", {fault("401")});
  world.when("c", {fault("404")});
  const Got got = ask(world);
  CHECK(got.status == 500);
  CHECK(world.records.at(0).attempts.size() == 3);
}

TEST_CASE("a client that leaves a race ends both calls") {
  TestWorld world(three());
  world.when("a", {fault("hang")});
  world.when("b", {fault("hang")});
  const Got got = world.ask({.stream = true, .more = kChain, .timeout = 30s, .leaves_after = 5s});
  CHECK(got.answers == 0);
  for (const auto& call : world.transport.calls())
    CHECK(call->left <= world.transport.calls().at(0)->at + 6s);
  CHECK(world.count("c") == 0);
}

TEST_CASE("the end of a deadline ends both calls of a race") {
  TestWorld world(three());
  world.when("a", {fault("hang")});
  world.when("b", {fault("hang")});
  const Got got = world.ask({.stream = true, .more = kChain, .timeout = 7s});
  CHECK(got.status == 504);
  CHECK(got.took == 7s);
  for (const auto& call : world.transport.calls())
    CHECK(call->left <= world.transport.calls().at(0)->at + 7s);
}

TEST_CASE("the last target of a chain has nobody to race it") {
  TestWorld world(three());
  world.when("a", {after_silence(10s, "from a")});
  const Got got = world.ask({.stream = true, .timeout = 30s});
  CHECK(got.streamed_text() == "from a");
  CHECK(world.calls() == "a:k1");
}

TEST_CASE("by itself a race starts after 20 s for streams and 120 s for whole replies") {
  for (const auto& [stream, silence] : {std::pair<bool, Duration>{true, 20s}, {false, 120s}}) {
    TestWorld world(providers_toml({"a", "b"}, 1, "timeouts = { first_token = \"10m\" }"));
    world.when("a", {fault("hang")});
    const Got got = world.ask({.stream = stream, .more = R"(,"fallbacks":["b/n"])"});
    CHECK(got.status == 200);
    CHECK(world.transport.calls().at(1)->at - world.transport.calls().at(0)->at == silence);
  }
}
