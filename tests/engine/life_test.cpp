// docs: "The life of a request", on whole replies and errors.
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

std::string two() {
  return providers_toml({"a", "b"}, 1, "retries = { max = 0 }");
}

}  // namespace

TEST_CASE("the first target's answer is the reply, with extra_fields as its last member") {
  TestWorld world(two());
  const Got got = world.ask();
  CHECK(got.status == 200);
  CHECK(world.calls() == "a:k1");
  const auto reply = got.json();
  CHECK(reply.root()["choices"].at(0)["message"]["content"].says("from a.test"));
  const auto extra = reply.root()["extra_fields"];
  CHECK(got.body.ends_with("\"extra_fields\":" + std::string(extra.raw()) + "}"));
  CHECK(extra["provider"].says("a"));
  CHECK(extra["model"].says("m"));
  CHECK(extra["model_requested"].says("a/m"));
  CHECK(extra["key"].says("k1"));
  CHECK(extra["request_type"].says("openai-chat"));
  CHECK(extra["latency_ms"].integer() == 5);
  CHECK(extra["attempts"].size() == 1);
  CHECK(extra["attempts"].at(0)["status"].integer() == 200);
  CHECK(got.headers.get("x-llmgw-provider") == "a");
  CHECK(got.headers.get("x-llmgw-model") == "m");
  CHECK(got.headers.get("x-llmgw-attempts") == "1");
  CHECK(got.headers.get("x-llmgw-cache") == "off");
  CHECK(got.headers.get("x-llmgw-request-id") == extra["request_id"].text());
}

TEST_CASE("a reply is forwarded byte for byte but for extra_fields") {
  TestWorld world(two());
  const std::string odd =
      R"({ "choices" : [ {"message":{"content":"\u0041"}} ], "vendor":  1.50e3 , "a":{"b":[]} })";
  world.when("a", {raw("application/json", odd)});
  const Got got = world.ask();
  const size_t added = got.body.rfind(",\"extra_fields\":");
  REQUIRE(added != std::string::npos);
  CHECK(odd.starts_with(got.body.substr(0, odd.rfind('}') - 1)));
  CHECK(world.ask({.more = R"(,"extra_fields":"off")"}).body == odd);
}

TEST_CASE("the body goes upstream as it came, but for the model's name and the gateway's own fields") {
  TestWorld world(two());
  world.ask(
      {.more =
           R"(, "seed" : 7.0,"unknown":{"x":"\u00e9"},"fallbacks":["b/n"],"fallback_on":["timeout"],"extra_fields":"full")"});
  const auto& call = *world.transport.calls().at(0);
  CHECK(
      call.body ==
      R"({"model":"m","messages":[{"role":"user","content":"hi"}], "seed" : 7.0,"unknown":{"x":"\u00e9"}})");
}

TEST_CASE("a provider gets its own key, never the client's credential or cookies or our headers") {
  TestWorld world(two());
  net::Headers headers;
  headers.add("Authorization", "Bearer clients-own");
  headers.add("x-api-key", "clients-own");
  headers.add("Cookie", "session=1");
  headers.add("x-llmgw-tag-team", "red");
  headers.add("Connection", "keep-alive");
  headers.add("OpenAI-Beta", "assistants=v2");
  world.ask({.headers = headers});
  const auto& call = *world.transport.calls().at(0);
  CHECK(call.authorization == "Bearer sk-a-k1");
  CHECK(call.headers.count("authorization") == 1);
  for (const std::string_view gone : {"x-api-key", "cookie", "x-llmgw-tag-team", "connection"}) {
    CAPTURE(gone);
    CHECK_FALSE(call.headers.has(gone));
  }
  CHECK(call.headers.get("openai-beta") == "assistants=v2");
}

TEST_CASE("when a target fails the next one answers, and the trail names both") {
  TestWorld world(two());
  world.when("a", {fault("503")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(got.status == 200);
  CHECK(world.calls() == "a:k1 b:k1");
  const auto reply = got.json();
  const auto attempts = reply.root()["extra_fields"]["attempts"];
  CHECK(attempts.size() == 2);
  CHECK(attempts.at(0)["class"].says("overloaded"));
  CHECK(attempts.at(0)["status"].integer() == 503);
  CHECK(attempts.at(1)["provider"].says("b"));
  CHECK_FALSE(attempts.at(1)["class"]);
  CHECK(got.headers.get("x-llmgw-attempts") == "2");
  CHECK(world.records.at(0).fallback);
}

TEST_CASE(
    "when all fail the primary's own error is the reply, byte for byte, with its headers and the trail") {
  TestWorld world(two());
  const std::string words = R"({"error": {"message" : "a is down", "type":"odd", "code":null}, "hint":1})";
  world.when("a", {[&](const SeenCall&) {
               SimulatedCall call = simulate::says("application/json", words);
               call.status = 503;
               call.headers.add("Retry-After", "7");
               call.headers.add("x-request-id", "req_of_a");
               call.headers.add("Set-Cookie", "no");
               return call;
             }});
  world.when("b", {fault("401")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(got.status == 503);
  CHECK(got.body.starts_with(words.substr(0, words.size() - 1)));
  CHECK(got.headers.get("Retry-After") == "7");
  CHECK(got.headers.get("x-request-id") == "req_of_a");
  CHECK_FALSE(got.headers.has("Set-Cookie"));
  CHECK(got.headers.get("x-should-retry") == "false");
  CHECK(got.json().root()["extra_fields"]["attempts"].size() == 2);
}

TEST_CASE("a single call that failed leaves the SDK's own retries alone") {
  TestWorld world(two());
  world.when("a", {fault("500")});
  const Got got = world.ask();
  CHECK(got.status == 500);
  CHECK_FALSE(got.headers.has("x-should-retry"));
}

TEST_CASE("of several attempts on the primary the last that is not about a key speaks") {
  TestWorld world(providers_toml({"a", "b"}, 2, "retries = { max = 0 }"));
  world.when("a", {fault("429"), fault("401")});
  world.when("b", {fault("500")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(got.status == 429);
}

TEST_CASE("what no provider said has a status that blames no client") {
  for (auto [what, script, status] :
       std::initializer_list<std::tuple<std::string_view, TestWorld::Script, int>>{
           {"refused", refused(), 502},
           {"reset", fault("reset"), 502},
           {"hang", fault("hang"), 504},
           {"html", fault("html"), 502},
           {"malformed", fault("malformed"), 502},
           {"empty", fault("empty"), 502},
           {"redirect", fault("redirect"), 502},
           {"error object of an unknown code",
            raw("application/json", R"({"error":{"message":"?","code":"what"}})"), 502}}) {
    CAPTURE(what);
    TestWorld world(two());
    world.when("a", {script});
    const Got got = world.ask();
    CHECK(got.status == status);
    CHECK(got.json().root()["error"]["message"].text() != "");
    CHECK(got.json().root()["extra_fields"]["attempts"].size() == 1);
  }
}

TEST_CASE("a redirect is not followed") {
  TestWorld world(two());
  world.when("a", {fault("redirect")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(got.status == 200);
  CHECK(world.calls() == "a:k1 b:k1");
}

TEST_CASE("no call is made after the deadline, and the reply is a timeout") {
  TestWorld world("[fallback]\ndeadline = \"3s\"\nslow_after = \"1h\"\n" + two());
  world.when("a", {fault("hang")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(got.status == 504);
  CHECK(got.took == 3s);
  CHECK(world.calls() == "a:k1");
  CHECK(got.json().root()["extra_fields"]["attempts"].at(1)["skipped"].text() != "");
}

TEST_CASE("the deadline is the client's own timeout less a second, where one is announced") {
  TestWorld world("[fallback]\nslow_after = \"1h\"\n" + two());
  world.when("a", {fault("hang")});
  CHECK(world.ask({.client_timeout = 10s}).took == 9s);
  CHECK(world.ask({.timeout = 2s, .client_timeout = 10s}).took == 2s);
}

TEST_CASE("one of max_attempts is kept for each target not yet tried") {
  TestWorld world("[fallback]\nmax_attempts = 3\n" +
                  providers_toml({"a", "b", "c"}, 3, "retries = { max = 5 }"));
  for (const auto* name : {"a", "b", "c"}) world.when(name, {fault("500")});
  world.ask({.more = R"(,"fallbacks":["b/n","c/n"])"});
  CHECK(world.calls().size() == std::string_view("a:k1 b:k1 c:k1").size());
  CHECK(world.count("a") == 1);
  CHECK(world.count("b") == 1);
  CHECK(world.count("c") == 1);
}

TEST_CASE("max_attempts bounds keys and retries together") {
  TestWorld world("[fallback]\nmax_attempts = 4\n" +
                  providers_toml({"a"}, 8, "retries = { max = 9, backoff = \"1ms\" }"));
  world.when("a", {fault("401"), fault("500")});
  world.ask();
  CHECK(world.count("a") == 4);
}

TEST_CASE("an empty list of fallbacks in the body takes the route's away") {
  TestWorld world(two() + "[routes.r]\ntargets = [{ model = \"a/m\" }]\nfallbacks = [\"b/n\"]\n");
  world.when("a", {fault("500")});
  CHECK(world.ask({.model = "r"}).status == 200);
  CHECK(world.ask({.model = "r", .more = R"(,"fallbacks":[])"}).status == 500);
}

TEST_CASE("a fallback that names nothing is a 400 that names it") {
  TestWorld world(two());
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n","nobody/x"])"});
  CHECK(got.status == 400);
  CHECK(got.json().root()["error"]["param"].says("fallbacks[1]"));
  CHECK(world.transport.calls().empty());
}

TEST_CASE("embeddings never come from another model") {
  TestWorld world(two());
  world.when("a", {fault("500")});
  const Got other =
      world.ask({.dialect = dialects::Dialect::openai_embeddings, .more = R"(,"fallbacks":["b/n"])"});
  CHECK(other.status == 500);
  CHECK(world.count("b") == 0);
  const Got same =
      world.ask({.dialect = dialects::Dialect::openai_embeddings, .more = R"(,"fallbacks":["b/m"])"});
  CHECK(same.status == 200);
  CHECK(world.count("b") == 1);
}

TEST_CASE("an upload is never sent twice once it went out") {
  TestWorld world(two());
  world.when("a", {fault("500")});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n"])", .once = true}).status == 500);
  CHECK(world.calls() == "a:k1");
  world.when("a", {refused()});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n"])", .once = true}).status == 200);
}

TEST_CASE("a client that leaves ends its attempt, and nothing is called for it any more") {
  TestWorld world(two());
  world.when("a", {fault("hang")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])", .leaves_after = 2s});
  CHECK(got.returned);
  CHECK(got.answers == 0);
  CHECK(world.calls() == "a:k1");
  const auto& call = *world.transport.calls().at(0);
  CHECK(call.left - call.at <= 3s);
  CHECK(world.records.at(0).error_class == ErrorClass::cancelled);
}

TEST_CASE("a client that leaves while a retry is waited for has no further call made") {
  TestWorld world(providers_toml({"a", "b"}, 1, "retries = { max = 3, backoff = \"5m\" }"));
  world.when("a", {fault("500")});
  const Got got = world.ask({.more = R"(,"fallbacks":["b/n"])", .timeout = 24h * 30, .leaves_after = 1s});
  CHECK(got.answers == 0);
  CHECK(world.count("b") == 0);
}

TEST_CASE("extra_fields may be basic or off") {
  TestWorld world(two());
  const Got got = world.ask({.more = R"(,"extra_fields":"basic")"});
  const auto basic = got.json();
  CHECK(basic.root()["extra_fields"].size() == 3);
  CHECK(basic.root()["extra_fields"]["provider"].says("a"));
  CHECK_FALSE(world.ask({.more = R"(,"extra_fields":"off")"}).has("extra_fields"));
}

TEST_CASE("key values are scrubbed from what a provider says") {
  TestWorld world(two());
  world.when("a", {[](const SeenCall&) {
               auto call = simulate::says("application/json",
                                          R"({"error":{"message":"bad key sk-a-k1, sorry","code":"x"}})");
               call.status = 500;
               return call;
             }});
  const Got got = world.ask();
  CHECK(got.status == 500);
  CHECK_FALSE(got.has("sk-a-k1"));
  CHECK(world.records.at(0).attempts.at(0).message.find("sk-a-k1") == std::string::npos);
}

TEST_CASE("a target's own counts of tokens scale our estimates for it") {
  TestWorld world(providers_toml({"a"}));
  for (const bool stream : {false, true, false, true}) {
    CHECK(world.state.targets.of("a/m").tokens.factor() == 1);
    world.ask({.stream = stream});
  }
  CHECK(world.state.targets.of("a/m").tokens.factor() != 1);
}
