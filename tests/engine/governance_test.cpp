// docs: [[virtual_keys]], and "Our own refusals".
#include "plugins/governance/governance.h"

#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

struct Governed : TestWorld {
  explicit Governed(const std::string& keys)
      : TestWorld(providers_toml({"a", "b"}, 1, "retries = { max = 0 }") + "\n" + keys) {
    plugins.push_back(std::make_unique<plugins::Governance>(fibers));
  }
};

std::string key(const std::string& terms) {
  return "[[virtual_keys]]\nname = \"k\"\nvalue = \"vk\"\n" + terms;
}

Ask asks(std::string more = R"(,"fallbacks":["b/n"])") {
  return {.more = std::move(more), .virtual_key = "vk"};
}

}  // namespace

TEST_CASE(
    "a virtual key uses its own providers and models only; what bars one target falls back to the next") {
  struct Case {
    std::string terms, calls;
    int status;
  };
  for (const Case& c : {Case{"", "a:k1", 200}, Case{R"(providers = ["a", "b"])", "a:k1", 200},
                        Case{R"(providers = ["b"])", "b:k1", 200}, Case{R"(providers = [])", "", 403},
                        Case{R"(models = ["n*"])", "b:k1", 200}, Case{R"(models = ["b/*"])", "b:k1", 200},
                        Case{R"(models = ["?"])", "a:k1", 200}, Case{R"(models = ["gpt-*"])", "", 403}}) {
    CAPTURE(c.terms);
    Governed world(key(c.terms));
    const Got got = world.ask(asks());
    CHECK(got.status == c.status);
    CHECK(world.calls() == c.calls);
    if (c.status == 403) {
      CHECK(got.has("the virtual key 'k' may not use the"));
      CHECK(world.records.front().error_class == ErrorClass::policy);
      CHECK(world.records.front().attempts.size() == 2);
    }
  }
}

TEST_CASE("who comes without a virtual key is not held to any") {
  Governed world(key("providers = []"));
  CHECK(world.ask().status == 200);
}

TEST_CASE("a key's rate counts a request once, however many attempts it takes") {
  Governed world(key("rate = { requests = 2, per = \"1m\" }"));
  world.when("a", {fault("500")});
  CHECK(world.ask(asks()).status == 200);
  world.rest(10s);
  CHECK(world.ask(asks()).status == 200);
  const Got refused = world.ask(asks());
  CHECK(refused.status == 429);
  CHECK(refused.headers.get("retry-after") == "50");
  CHECK(refused.has("the virtual key 'k' has used its 2 requests in 60 s"));
  CHECK(world.count("a") == 2);
  CHECK(world.records.back().error_class == ErrorClass::budget);
  world.rest(50s);
  CHECK(world.ask(asks()).status == 200);
}

TEST_CASE("a rate at a provider counts attempts, and falls back when it is spent") {
  Governed world(key("provider.a = { rate = { requests = 1, per = \"1m\" } }"));
  CHECK(world.ask(asks()).status == 200);
  CHECK(world.ask(asks()).status == 200);
  CHECK(world.calls() == "a:k1 b:k1");
  const Got refused = world.ask(asks(""));
  CHECK(refused.status == 429);
  CHECK(refused.has("at the provider a has used its 1 requests"));
}

TEST_CASE("tokens are taken by estimate before a call, and corrected by what it used") {
  Governed world(key("rate = { tokens = 1000, per = \"1m\" }"));
  // The estimate is the answer's limit; the call uses a few.
  CHECK(world.ask(asks(R"(,"max_tokens":900)")).status == 200);
  CHECK(world.ask(asks(R"(,"max_tokens":900)")).status == 200);
  // Two at once: the second finds the first's tokens taken, at every target.
  const Got& first = world.start(asks(R"(,"max_tokens":900)"));
  const Got& second = world.start(asks(R"(,"max_tokens":900,"fallbacks":["b/n"])"));
  world.run();
  CHECK(first.status == 200);
  CHECK(second.status == 429);
  CHECK(second.has("has used its 1000 tokens in 60 s"));
  CHECK(world.records.back().attempts.size() >= 1);
}

TEST_CASE("a model's limit holds for the models that its glob names") {
  Governed world(key("model.\"m*\" = { rate = { requests = 1, per = \"1m\" } }"));
  CHECK(world.ask(asks("")).status == 200);
  CHECK(world.ask(asks("")).status == 429);
  CHECK(world.ask({.model = "a/other", .virtual_key = "vk"}).status == 200);
}

TEST_CASE("open requests are bounded, and each frees its place however it ends") {
  Governed world(key("max_concurrency = 2"));
  world.when("a", {fault("hang"), fault("hang"), ok()});
  const Got& left = world.start({.stream = true, .leaves_after = 5s, .virtual_key = "vk"});
  const Got& timed_out = world.start({.timeout = 8s, .virtual_key = "vk"});
  const Got& refused = world.start({.at = 1s, .virtual_key = "vk"});
  const Got& after_one_left = world.start({.at = 6s, .virtual_key = "vk"});
  const Got& after_both = world.start({.at = 9s, .virtual_key = "vk"});
  world.run();
  CHECK(left.aborted);
  CHECK(timed_out.status == 504);
  CHECK(refused.status == 429);
  CHECK(refused.has("max_concurrency"));
  CHECK(after_one_left.status == 200);
  CHECK(after_both.status == 200);
}

TEST_CASE("a key's required labels are never left by a fallback") {
  TestWorld world(R"(
[providers.a]
kind = "openai"
base_url = "http://a.test/v1"
labels = ["eu"]
[[providers.a.keys]]
name = "k1"
value = "sk-a-k1"
[providers.b]
kind = "openai"
base_url = "http://b.test/v1"
[[providers.b.keys]]
name = "k1"
value = "sk-b-k1"
[[virtual_keys]]
name = "k"
value = "vk"
require_labels = ["eu"]
)");
  world.when("a", {fault("500")});
  CHECK(world.ask(asks()).status == 500);
  CHECK(world.count("b") == 0);
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n"])"}).status == 200);
}

TEST_CASE("a virtual key's own level is the most that extra_fields tell its clients") {
  for (const auto& [terms, more, told] :
       {std::tuple{"", "", "attempts"}, std::tuple{"extra_fields = \"basic\"", "", "provider"},
        std::tuple{"extra_fields = \"basic\"", ",\"extra_fields\":\"full\"", "provider"},
        std::tuple{"extra_fields = \"off\"", ",\"extra_fields\":\"full\"", ""}}) {
    CAPTURE(terms);
    Governed world(key(terms));
    const Got got = world.ask(asks(more));
    CHECK(got.has("\"attempts\"") == (told == std::string_view("attempts")));
    CHECK(got.has("extra_fields") == (told != std::string_view("")));
  }
}
