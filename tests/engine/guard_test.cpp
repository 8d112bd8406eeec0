// What must never reach a client: our own exceptions, others' secrets and headers, a stream that was not
// asked for.
#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

std::string two(std::string_view more = "") {
  return providers_toml({"a", "b"}, 1, "retries = { max = 0 }\n" + std::string(more));
}

class Thrower final : public plugins::Plugin {
 public:
  Thrower(std::string at, std::string provider) : at_(std::move(at)), provider_(std::move(provider)) {}
  std::string_view name() const override { return "thrower"; }
  plugins::Verdict before(plugins::Attempt& attempt) override { return hook("before", attempt); }
  plugins::Verdict sending(plugins::Attempt& attempt) override { return hook("sending", attempt); }
  plugins::Verdict after(plugins::Attempt& attempt, const plugins::Ending&) override {
    (void)hook("after", attempt);
    return plugins::Pass{};
  }

 private:
  plugins::Verdict hook(std::string_view at, const plugins::Attempt& attempt) const {
    if (at == at_ && (provider_.empty() || attempt.target.provider() == provider_))
      throw std::runtime_error("out of luck");
    return plugins::Pass{};
  }
  std::string at_, provider_;
};

}  // namespace

TEST_CASE("an exception ends its own attempt, and the chain goes on") {
  for (const std::string at : {"before", "sending"}) {
    CAPTURE(at);
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Thrower>(at, "a"));
    const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
    CHECK(got.status == 200);
    CHECK(got.has("from b.test"));
    CHECK(got.extra_fields().find("an internal error: out of luck") != std::string::npos);
  }
}

TEST_CASE(
    "a plugin that throws at the end of an attempt takes neither the reply nor the others' ends with it") {
  struct Counter final : plugins::Plugin {
    explicit Counter(int& ends) : ends(ends) {}
    std::string_view name() const override { return "counter"; }
    plugins::Verdict after(plugins::Attempt&, const plugins::Ending&) override {
      ++ends;
      return plugins::Pass{};
    }
    int& ends;
  };
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    int ends = 0;
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Counter>(ends));
    world.plugins.push_back(std::make_unique<Thrower>("after", ""));
    const Got got = world.ask({.stream = stream});
    CHECK(got.status == 200);
    CHECK(got.has("from"));
    CHECK(ends == 1);
    CHECK(world.records.at(0).attempts.at(0).message == "the plugin thrower failed at its end: out of luck");
  }
}

TEST_CASE("an exception in a race ends its own call") {
  for (const std::string at : {"before", "sending", "after"}) {
    CAPTURE(at);
    TestWorld world("[fallback]\nslow_after = \"2s\"\n" + two());
    world.plugins.push_back(std::make_unique<Thrower>(at, "b"));
    world.when("a", {ok({.text = "late from a", .head = 5s})});
    if (at == "after") world.when("b", {fault("500")});
    const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])", .timeout = 10s});
    CHECK(got.has("late from a"));
    CHECK(world.fibers.live() == 0);
  }
}

TEST_CASE("a stream where a whole reply was asked for falls back") {
  TestWorld world(two());
  world.when("a", {raw("text/event-stream",
                       "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(got.has("from b.test"));
}

TEST_CASE("a key that a broken reply quotes is not in the error") {
  for (const std::string body : {"<oops sk-a-k1>", R"({"echo":"sk-a-k1"})"}) {
    TestWorld world(two());
    world.when("a", {raw("application/json", body)});
    const Got got = world.ask();
    CHECK(got.status == 502);
    CHECK_FALSE(got.has("sk-a-k1"));
  }
}

TEST_CASE("what a provider's headers say of credentials, of CORS or in our name is not passed on") {
  TestWorld world(two());
  world.when(
      "a", {[](const SeenCall& call) {
        auto reply = answers(call, {});
        for (const std::string_view name : {"x-api-key", "Authorization", "Access-Control-Allow-Origin",
                                            "x-llmgw-request-id", "Set-Cookie"}) {
          reply.headers.add(name, "theirs");
        }
        reply.headers.add("x-ratelimit-remaining", "7");
        return reply;
      }});
  const Got got = world.ask();
  CHECK(got.headers.get("x-ratelimit-remaining") == "7");
  CHECK(got.headers.count("x-llmgw-request-id") == 1);
  for (const auto field : got.headers) CHECK(field.value != "theirs");
}

TEST_CASE("a client's own credential goes to the provider that has forward_auth, and to no other") {
  net::Headers headers;
  headers.add("Authorization", "Bearer own-login");
  headers.add("OpenAI-Organization", "org-own");
  for (const bool forwards : {true, false}) {
    CAPTURE(forwards);
    TestWorld world(two(forwards ? "forward_auth = true" : ""));
    world.when("a", {fault("401")});
    world.when("b", {fault("500")});
    (void)world.ask({.more = R"(,"fallbacks":["b/n"])", .headers = headers});
    REQUIRE(world.transport.calls().size() == 2);
    for (const auto& call : world.transport.calls()) {
      CHECK((call->authorization == "Bearer own-login") == forwards);
      CHECK(call->headers.has("OpenAI-Organization") == forwards);
    }
    // The refused login is not our key, which may serve others.
    CHECK(world.rests.list(world.fibers.wall()).empty() == forwards);
  }
}
