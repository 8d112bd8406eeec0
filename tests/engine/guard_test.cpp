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

TEST_CASE("a plugin that throws at the end of an attempt fails closed, unless it may be missed") {
  struct Counter final : plugins::Plugin {
    explicit Counter(int& ends) : ends(ends) {}
    std::string_view name() const override { return "counter"; }
    plugins::Verdict after(plugins::Attempt&, const plugins::Ending&) override {
      ++ends;
      return plugins::Pass{};
    }
    int& ends;
  };
  struct Missable final : plugins::Plugin {
    std::string_view name() const override { return "missable"; }
    bool may_be_missed() const override { return true; }
    plugins::Verdict after(plugins::Attempt&, const plugins::Ending&) override {
      throw std::runtime_error("out of luck");
    }
  };
  for (const bool stream : {false, true}) {
    for (const bool missable : {false, true}) {
      CAPTURE(stream);
      CAPTURE(missable);
      int ends = 0;
      TestWorld world(providers_toml({"a"}, 1, "retries = { max = 0 }"));
      world.plugins.push_back(std::make_unique<Counter>(ends));
      if (missable) world.plugins.push_back(std::make_unique<Missable>());
      if (!missable) world.plugins.push_back(std::make_unique<Thrower>("after", ""));
      const Got got = world.ask({.stream = stream});
      CHECK(got.has("[DONE]") == (stream && missable));
      CHECK(got.has("the plugin thrower failed at its end: out of luck") == !missable);
      CHECK(got.status == (missable || stream ? 200 : 500));
      CHECK(ends == 1);
    }
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

TEST_CASE(
    "a login whose plan is used up rests until the plan begins anew, by its hash, while our keys go on") {
  net::Headers login;
  login.add("Authorization", "Bearer plan-of-ann");
  login.add("chatgpt-account-id", "account-of-ann");
  net::Headers other;
  other.add("Authorization", "Bearer plan-of-bob");
  TestWorld world(two("forward_auth = true"));
  const auto used_up = [](const SeenCall& call) {
    auto reply = answers(call, {});
    if (call.authorization != "Bearer plan-of-ann") return reply;
    reply = simulate::fails(call, simulate::parse_fault("429").value(), std::nullopt);
    reply.headers.add("anthropic-ratelimit-unified-status", "rejected");
    reply.headers.add("anthropic-ratelimit-unified-reset", "7200");
    return reply;
  };
  world.when("a", {used_up});
  const Got got = world.ask({.headers = login});
  CHECK(got.status == 200);
  REQUIRE(world.transport.calls().size() == 2);
  CHECK(world.transport.calls().at(0)->authorization == "Bearer plan-of-ann");
  CHECK(world.transport.calls().at(0)->headers.has("chatgpt-account-id"));
  CHECK(world.transport.calls().at(1)->authorization == "Bearer sk-a-k1");
  CHECK_FALSE(world.transport.calls().at(1)->headers.has("chatgpt-account-id"));

  const auto rests = world.rests.list(world.fibers.wall());
  REQUIRE(rests.size() == 1);
  CHECK(rests[0].name.starts_with("login:"));
  CHECK(rests[0].name.ends_with(":a/m"));
  CHECK(rests[0].name.find("ann") == std::string::npos);
  CHECK(rests[0].announced);
  CHECK(rests[0].until - world.fibers.wall() > 7100s);

  // It is not called again before, for no request of that login; another's is.
  (void)world.ask({.headers = login});
  (void)world.ask({.headers = other});
  REQUIRE(world.transport.calls().size() == 4);
  CHECK(world.transport.calls().at(2)->authorization == "Bearer sk-a-k1");
  CHECK(world.transport.calls().at(3)->authorization == "Bearer plan-of-bob");
  world.rest(7300s);
  world.when("a", {ok()});
  (void)world.ask({.headers = login});
  CHECK(world.transport.calls().at(4)->authorization == "Bearer plan-of-ann");
}

TEST_CASE("a provider with logins alone is passed over while a login rests, and the chain goes on") {
  net::Headers login;
  login.add("x-api-key", "plan-of-ann");
  TestWorld world(R"(
[providers.plan]
kind = "openai"
base_url = "http://plan.test/v1"
forward_auth = true
retries = { max = 0 }
[providers.b]
kind = "openai"
base_url = "http://b.test/v1"
[[providers.b.keys]]
name = "k1"
value = "sk-b-k1"
)");
  world.when("plan", {fault("429", 60s)});
  for (int i = 0; i < 3; ++i) {
    CHECK(world.ask({.model = "plan/m", .more = R"(,"fallbacks":["b/m"])", .headers = login}).status == 200);
  }
  CHECK(world.count("plan") == 1);
  CHECK(world.count("b") == 3);
  const Got alone = world.ask({.model = "plan/m", .headers = login});
  CHECK(alone.status == 429);
  CHECK(alone.headers.has("retry-after"));
  CHECK(world.count("plan") == 1);
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
