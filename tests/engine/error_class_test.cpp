// docs: "Error classes" and "Rests".
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

struct Row {
  std::string_view what;
  TestWorld::Script script;
  std::string_view error_class;
  std::string_view calls;  // of a (two keys, one retry) and b; which of a's keys comes first is left open
};

// The calls with a's keys named in the order of their use.
std::string in_order(const TestWorld& world) {
  std::string out, first;
  for (const auto& call : world.transport.calls()) {
    if (!out.empty()) out += ' ';
    if (call->host == "b.test") {
      out += "b";
      continue;
    }
    if (first.empty()) first = call->authorization;
    out += call->authorization == first ? "a1" : "a2";
  }
  return out;
}

bool same_but_for_the_key(std::string_view calls, std::string_view expected) {
  if (calls.size() != expected.size()) return false;
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i] != expected[i] && expected[i] != '?') return false;
  }
  return true;
}

std::string toml(std::string_view more = "") {
  return providers_toml({"a"}, 2, "retries = { max = 1, backoff = \"1ms\" }\n" + std::string(more)) +
         providers_toml({"b"});
}

}  // namespace

TEST_CASE("each class retries, takes the next key and falls back as the table says") {
  // '?': whichever key. A retry may use any of the target's keys.
  const Row rows[] = {
      {"refused", refused(), "network", "a1 a? b"},
      {"reset", fault("reset"), "network", "a1 a? b"},
      {"cut body", fault("cut"), "network", "a1 a? b"},
      {"silence", fault("hang"), "timeout", "a1 b"},
      {"no connection", [](const SeenCall&) { return simulate::never_connects(); }, "timeout", "a1 a? b"},
      {"408", fault("408"), "timeout", "a1 b"},
      {"504", fault("504"), "timeout", "a1 b"},
      {"429", fault("429"), "rate_limit", "a1 a2 b"},
      {"402", fault("402"), "quota", "a1 a2 b"},
      {"429 insufficient_quota", fault("quota"), "quota", "a1 a2 b"},
      {"503", fault("503"), "overloaded", "a1 a? b"},
      {"529", fault("529"), "overloaded", "a1 a? b"},
      {"500", fault("500"), "server_error", "a1 a? b"},
      {"502", fault("502"), "server_error", "a1 a? b"},
      {"401", fault("401"), "auth", "a1 a2 b"},
      {"404 of the model", fault("404"), "model_unavailable", "a1 a2 b"},
      {"html", fault("html"), "invalid_response", "a1 a? b"},
      {"malformed", fault("malformed"), "invalid_response", "a1 a? b"},
      {"no choices", fault("empty"), "invalid_response", "a1 a? b"},
      {"redirect", fault("redirect"), "invalid_response", "a1 a? b"},
      {"error of an unknown code", raw("application/json", R"({"error":{"message":"?","code":"what"}})"),
       "invalid_response", "a1 a? b"},
      {"500 in a 200", fault("first-error"), "server_error", "a1 a? b"},
      {"context", fault("context_length"), "context_length", "a1 b"},
      {"filter", fault("content_filter"), "content_filter", "a1"},
      {"400", fault("400"), "bad_request", "a1"},
      {"413", fault("413"), "bad_request", "a1"},
      {"422", fault("422"), "bad_request", "a1"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    TestWorld world("[fallback]\nslow_after = \"1h\"\n" + toml("timeouts = { total = \"30s\" }"));
    world.when("a", {row.script});
    world.ask({.more = R"(,"fallbacks":["b/n"])"});
    CHECK(name(world.records.at(0).attempts.at(0).error_class.value_or(ErrorClass::cancelled)) ==
          row.error_class);
    const auto calls = in_order(world);
    CHECK_MESSAGE(same_but_for_the_key(calls, row.calls), calls, " is not ", row.calls);
  }
}

TEST_CASE("a stream's first event has the class of its own error") {
  for (auto [body, expected] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"error":{"message":"Rate limit reached","type":"requests","code":"rate_limit_exceeded"}})",
            "rate_limit"},
           {R"({"error":{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}})", "quota"},
           {R"({"error":{"message":"x","type":"server_error","code":null}})", "server_error"},
           {R"({"error":{"message":"?","code":"what"}})", "invalid_response"}}) {
    CAPTURE(body);
    TestWorld world(toml());
    world.when("a", {raw("text/event-stream", "data: " + std::string(body) + "\n\n")});
    const Got got = world.ask({.stream = true, .more = R"(,"fallbacks":["b/n"])"});
    CHECK(name(*world.records.at(0).attempts.at(0).error_class) == expected);
    CHECK(got.status == 200);
    CHECK(got.streamed_text() == "from b.test");
  }
}

TEST_CASE("a key refused with 429 sits out until its Retry-After, for every request") {
  TestWorld world(toml());
  world.when("a", {fault("429", 5s), ok()});
  CHECK(world.ask().status == 200);
  const auto refused_key = world.transport.calls().at(0)->authorization;
  for (int i = 0; i < 20; ++i) world.ask();
  size_t seen = 0;
  for (const auto& call : world.transport.calls()) seen += call->authorization == refused_key ? 1 : 0;
  CHECK(seen == 1);
  world.rest(5s);
  for (int i = 0; i < 40; ++i) world.ask();
  seen = 0;
  for (const auto& call : world.transport.calls()) seen += call->authorization == refused_key ? 1 : 0;
  CHECK(seen > 5);
}

TEST_CASE("429 and 403 rest a key for one model, 401 and 402 for all of them, 402 its whole group") {
  struct Case {
    std::string_view word;
    bool other_model, other_key_of_group;  // may still be called
  };
  for (const Case& c : {Case{"429", true, true}, Case{"403", true, true}, Case{"401", false, true},
                        Case{"402", false, false}}) {
    CAPTURE(c.word);
    TestWorld world(
        "[providers.a]\nkind = \"openai\"\nbase_url = \"http://a.test/v1\"\n"
        "[[providers.a.keys]]\nname = \"k1\"\nvalue = \"sk-a-k1\"\ngroup = \"g\"\nmodels = [\"m\", \"o\"]\n"
        "[[providers.a.keys]]\nname = \"k2\"\nvalue = \"sk-a-k2\"\ngroup = \"g\"\nmodels = [\"p\"]\n" +
        providers_toml({"b"}));
    world.when("a", {fault(c.word), ok()});
    CHECK(world.ask({.more = R"(,"fallbacks":["b/n"])"}).status == 200);
    const size_t before = world.count("a");
    world.ask({.more = R"(,"fallbacks":["b/n"])"});
    CHECK(world.count("a") == before);
    world.ask({.model = "a/o", .more = R"(,"fallbacks":["b/n"])"});
    CHECK((world.count("a") > before) == c.other_model);
    const size_t then = world.count("a");
    world.ask({.model = "a/p", .more = R"(,"fallbacks":["b/n"])"});
    CHECK((world.count("a") > then) == c.other_key_of_group);
  }
}

TEST_CASE("503 with Retry-After rests the target, without it nothing rests") {
  TestWorld world(providers_toml({"a", "b"}, 1, "retries = { max = 0 }"));
  world.when("a", {fault("503", 10s), ok()});
  world.ask({.more = R"(,"fallbacks":["b/n"])"});
  const Got passed = world.ask({.more = R"(,"fallbacks":["b/n"])"});
  CHECK(world.calls() == "a:k1 b:k1 b:k1");
  CHECK(passed.json().root()["extra_fields"]["attempts"].at(0)["skipped"].text() != "");
  CHECK(world.ask({.model = "a/other"}).status == 200);
  world.rest(10s);
  world.ask();
  CHECK(world.count("a") == 3);

  TestWorld plain(providers_toml({"a", "b"}, 1, "retries = { max = 0 }"));
  plain.when("a", {fault("503"), ok()});
  plain.ask({.more = R"(,"fallbacks":["b/n"])"});
  plain.ask();
  CHECK(plain.count("a") == 2);
}

TEST_CASE("a target that begins to rest gets no further key and no retry from requests under way") {
  TestWorld world(providers_toml({"a", "b"}, 2, "retries = { max = 3, backoff = \"1s\" }"));
  // The first request's retry would come while the second's 503 holds.
  world.when("a", {fault("500"), fault("503", 60s), ok()});
  const Got& first = world.start({.more = R"(,"fallbacks":["b/n"])"});
  const Got& second = world.start({.more = R"(,"fallbacks":["b/n"])", .at = 1ms});
  world.run();
  CHECK(first.status == 200);
  CHECK(second.status == 200);
  CHECK(world.count("a") == 2);
  CHECK(world.count("b") == 2);
}

TEST_CASE("a key that begins to rest while a call queues for its provider is not called") {
  TestWorld world("[fallback]\nslow_after = \"30s\"\n" +
                  providers_toml({"a", "b"}, 1, "max_concurrency = 1\nretries = { max = 0 }"));
  world.when("a", {[](const SeenCall& call) {
                     return simulate::fails(call, *simulate::parse_fault("429"), 60s, 2s);
                   },
                   ok()});
  world.start({.more = R"(,"fallbacks":["b/n"])"});
  const Got& queued = world.start({.more = R"(,"fallbacks":["b/n"])", .at = 10ms});
  world.run();
  CHECK(queued.status == 200);
  CHECK(world.count("a") == 1);
}

TEST_CASE("without Retry-After a cool-down doubles from 1 s to 60 s") {
  TestWorld world(providers_toml({"a", "b"}));
  // Without the "try again in 1s" of the vendor's own words.
  world.when("a", {[](const SeenCall&) {
               auto call = simulate::says(
                   "application/json", R"({"error":{"message":"slow down","type":"requests","code":null}})");
               call.status = 429;
               return call;
             }});
  const Ask ask{.more = R"(,"fallbacks":["b/n"])"};
  world.ask(ask);
  for (const Duration cool_down : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    const size_t before = world.count("a");
    world.rest(cool_down - 100ms);
    world.ask(ask);
    CHECK(world.count("a") == before);
    world.rest(200ms);
    world.ask(ask);
    CHECK(world.count("a") == before + 1);
  }
}

TEST_CASE("a refusal of a request's size or content rests nothing") {
  for (const std::string_view word :
       {"context_length", "content_filter", "400", "413", "500", "503", "html"}) {
    CAPTURE(word);
    TestWorld world(providers_toml({"a"}, 1, "retries = { max = 0 }"));
    world.when("a", {fault(word), ok()});
    CHECK(world.ask().status >= 400);
    CHECK(world.ask().status == 200);
  }
}

TEST_CASE("every key at rest on arrival: 429 with the shortest wait, at once, and no call") {
  TestWorld world(providers_toml({"a", "b"}, 2));
  world.when("a", {fault("429", 60s)});
  world.when("b", {fault("429", 20s)});
  const Ask ask{.more = R"(,"fallbacks":["b/n"])", .timeout = 5s};
  world.ask(ask);
  const size_t calls = world.transport.calls().size();
  CHECK(calls == 4);
  const Got got = world.ask(ask);
  CHECK(got.status == 429);
  CHECK(got.took == 0s);
  CHECK(got.headers.get("Retry-After") == "20");
  CHECK(world.transport.calls().size() == calls);
}

TEST_CASE("a key at rest for 401, 402 or 403 is called all the same when nothing else is left") {
  for (const std::string_view word : {"401", "402", "403"}) {
    CAPTURE(word);
    TestWorld world(providers_toml({"a"}));
    world.when("a", {fault(word, 60s), ok()});
    CHECK(world.ask().status >= 400);
    CHECK(world.ask().status == 200);
  }
  TestWorld world(providers_toml({"a"}));
  world.when("a", {fault("429", 60s), ok()});
  world.ask({.timeout = 5s});
  CHECK(world.ask().status == 429);
  CHECK(world.count("a") == 1);
}

TEST_CASE("the last target's only key is tried again after a 429 when the wait fits the deadline") {
  TestWorld world(providers_toml({"a"}));
  world.when("a", {fault("429", 3s), ok()});
  const Got got = world.ask({.timeout = 10s});
  CHECK(got.status == 200);
  CHECK(got.took > 3s);
  TestWorld late(providers_toml({"a"}));
  late.when("a", {fault("429", 30s), ok()});
  const Got refused = late.ask({.timeout = 10s});
  CHECK(refused.status == 429);
  CHECK(refused.took < 1s);
  CHECK(refused.headers.get("Retry-After") == "30");
}

TEST_CASE("a bad request ends the chain at the first target called, and not at a later one") {
  TestWorld world(providers_toml({"a", "b", "c"}, 1, "retries = { max = 0 }"));
  world.when("a", {fault("500")});
  world.when("b", {fault("400")});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n","c/n"])"}).status == 200);
  CHECK(world.calls() == "a:k1 b:k1 c:k1");
}

TEST_CASE("an unsupported parameter falls back though it is a 400") {
  TestWorld world(providers_toml({"a", "b"}));
  world.when(
      "a", {[](const SeenCall&) {
        auto call = simulate::says(
            "application/json",
            R"({"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}})");
        call.status = 400;
        return call;
      }});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n"])"}).status == 200);
}

TEST_CASE("fallback_on narrows and widens what falls back") {
  TestWorld world(providers_toml({"a", "b"}, 1, "retries = { max = 0 }"));
  world.when("a", {fault("500")});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n"],"fallback_on":["timeout"])"}).status == 500);
  world.when("a", {fault("content_filter")});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n"],"fallback_on":["content_filter"])"}).status == 200);
}

TEST_CASE("a context that was too small falls back to larger ones only") {
  TestWorld world(providers_toml({"a", "b", "c"}) +
                  "[providers.a.models.m]\ncontext = 8000\n[providers.b.models.n]\ncontext = 4000\n"
                  "[providers.c.models.n]\ncontext = 16000\n");
  world.when("a", {fault("context_length")});
  CHECK(world.ask({.more = R"(,"fallbacks":["b/n","c/n"])"}).status == 200);
  CHECK(world.calls() == "a:k1 c:k1");
}

TEST_CASE("a full outage upstream sees at most a fifth more than the clients' rate and ten a second") {
  TestWorld world(providers_toml({"a", "b"}, 1, "retries = { max = 3, backoff = \"1ms\" }"));
  world.when("a", {fault("500")});
  world.when("b", {fault("500")});
  constexpr int kRequests = 2000;  // over 20 s
  for (int i = 0; i < kRequests; ++i) world.start({.more = R"(,"fallbacks":["b/n"])", .at = i * 10ms});
  world.run();
  // Calls to a are retries; those to b are fallbacks until b, too, is known to fail.
  const double most = 1.2 * kRequests + 10 * 21 + 150;
  CHECK(static_cast<double>(world.transport.calls().size()) <= most);
}

TEST_CASE("a partial outage loses no request") {
  TestWorld world(providers_toml({"a", "b"}, 1, "retries = { max = 1, backoff = \"1ms\" }"));
  world.when("a", {fault("500")});
  std::vector<const Got*> got;
  for (int i = 0; i < 2000; ++i)
    got.push_back(&world.start({.more = R"(,"fallbacks":["b/n"])", .at = i * 2ms}));
  world.run();
  CHECK(std::ranges::all_of(got, [](const Got* g) { return g->status == 200; }));
}

TEST_CASE("calls beyond max_concurrency queue, and are overloaded once slow_after has passed") {
  TestWorld world("[fallback]\nslow_after = \"2s\"\n" +
                  providers_toml({"a", "b"}, 1, "max_concurrency = 1\nretries = { max = 0 }"));
  world.when("a", {ok({.head = 1s})});
  const Got& first = world.start({});
  const Got& second = world.start({.at = 10ms});
  world.run();
  CHECK(first.status == 200);
  CHECK(second.status == 200);
  CHECK(second.took > 1900ms);
  TestWorld full("[fallback]\nslow_after = \"2s\"\n" +
                 providers_toml({"a"}, 1, "max_concurrency = 1\nretries = { max = 0 }"));
  full.when("a", {ok({.head = 30s})});
  full.start({});
  const Got& refused = full.start({.at = 10ms});
  full.run();
  CHECK(refused.status == 503);
  CHECK(refused.took == 2s);
}
