// docs: plugins in "The life of a request", step 4.
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

// Writes its hooks into a journal, and decides as it is told.
class Scribe final : public plugins::Plugin {
 public:
  using Decide = std::function<plugins::Verdict(plugins::Attempt&)>;
  Scribe(std::string name, std::string& journal, Decide decide = {})
      : name_(std::move(name)), journal_(journal), decide_(std::move(decide)) {}

  std::string_view name() const override { return name_; }
  plugins::Verdict before(plugins::Attempt& attempt) override {
    journal_ += name_ + ":before" + std::to_string(attempt.number) + " ";
    if (decide_) return decide_(attempt);
    return plugins::Pass{};
  }
  plugins::Verdict sending(plugins::Attempt& attempt) override {
    journal_ += name_ + ":sending" + std::to_string(attempt.number) + " ";
    return plugins::Pass{};
  }
  plugins::Verdict after(plugins::Attempt& attempt, const plugins::Ending& ending) override {
    journal_ += name_ + ":after" + std::to_string(attempt.number) + (ending.failure != nullptr ? "- " : "+ ");
    return plugins::Pass{};
  }

 private:
  std::string name_;
  std::string& journal_;
  Decide decide_;
};

std::string two() {
  return providers_toml({"a", "b"}, 1, "retries = { max = 0 }");
}
const std::string kToB = R"(,"fallbacks":["b/n"])";

size_t times(const std::string& journal, std::string_view what) {
  size_t n = 0;
  for (size_t at = journal.find(what); at != std::string::npos; at = journal.find(what, at + 1)) ++n;
  return n;
}

plugins::Verdict refuse_a(plugins::Attempt& attempt, bool may_fall_back) {
  if (attempt.target.provider() != "a") return plugins::Pass{};
  return plugins::Refuse{.error = {.error_class = ErrorClass::policy, .message = "not this one"},
                         .may_fall_back = may_fall_back};
}

}  // namespace

TEST_CASE("hooks run on every attempt, in their order, and after in reverse") {
  std::string journal;
  TestWorld world(two());
  world.plugins.push_back(std::make_unique<Scribe>("x", journal));
  world.plugins.push_back(std::make_unique<Scribe>("y", journal));
  world.when("a", {fault("500")});
  world.ask({.more = kToB});
  CHECK(journal ==
        "x:before0 y:before0 x:sending0 y:sending0 y:after0- x:after0- "
        "x:before1 y:before1 x:sending1 y:sending1 y:after1+ x:after1+ ");
}

TEST_CASE("after runs exactly once however an attempt ends") {
  struct Case {
    std::string_view what;
    TestWorld::Script a;
    bool stream;
    std::optional<Duration> leaves;
  };
  for (const Case& c :
       {Case{"whole", ok(), false, {}}, Case{"stream", ok(), true, {}},
        Case{"cut", ok({.text = "one two three", .cut_after = 2}), true, {}},
        Case{"hang", fault("hang"), true, {}}, Case{"left", fault("hang"), true, 1s},
        Case{"left mid-stream", ok({.text = std::string(400, 'x'), .per_piece = 1s}), true, 5s},
        Case{"refused", refused(), false, {}}, Case{"raced", fault("hang"), false, {}}}) {
    CAPTURE(c.what);
    std::string journal;
    TestWorld world("[fallback]\nslow_after = \"2s\"\n" + two());
    world.plugins.push_back(std::make_unique<Scribe>("x", journal));
    world.when("a", {c.a});
    world.ask({.stream = c.stream, .more = kToB, .timeout = 20s, .leaves_after = c.leaves});
    CAPTURE(journal);
    CHECK(times(journal, "before0") == 1);
    CHECK(times(journal, "after0") == 1);
    CHECK(times(journal, "before") == times(journal, "after"));
  }
}

TEST_CASE("a plugin's answer stands for the provider's, and no call is made") {
  std::string journal;
  TestWorld world(two());
  world.plugins.push_back(std::make_unique<Scribe>("x", journal));
  world.plugins.push_back(
      std::make_unique<Scribe>("cache", journal, [](plugins::Attempt&) -> plugins::Verdict {
        plugins::Reply reply{.body = R"({"choices":[{"message":{"content":"kept"}}]})"};
        reply.facts.object = true;
        reply.headers.add("Content-Type", "application/json");
        return reply;
      }));
  world.plugins.push_back(std::make_unique<Scribe>("z", journal));
  const Got got = world.ask();
  CHECK(got.status == 200);
  CHECK(got.has("kept"));
  CHECK(world.transport.calls().empty());
  CHECK(journal == "x:before0 cache:before0 cache:after0+ x:after0+ ");
}

TEST_CASE("a refusal falls back only when its plugin allows that") {
  for (const bool allowed : {true, false}) {
    CAPTURE(allowed);
    std::string journal;
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Scribe>(
        "x", journal, [&](plugins::Attempt& attempt) { return refuse_a(attempt, allowed); }));
    const Got got = world.ask({.more = kToB});
    CHECK(got.status == (allowed ? 200 : 403));
    CHECK(world.calls() == (allowed ? "b:k1" : ""));
    if (!allowed) CHECK(got.has("not this one"));
  }
}

TEST_CASE("a plugin's refusal rests no key") {
  std::string journal;
  bool refusing = true;
  TestWorld world(two());
  world.plugins.push_back(std::make_unique<Scribe>("x", journal, [&](plugins::Attempt&) -> plugins::Verdict {
    if (!refusing) return plugins::Pass{};
    return plugins::Refuse{.error = {.error_class = ErrorClass::rate_limit, .status = 429, .message = "ours"},
                           .may_fall_back = true};
  }));
  CHECK(world.ask({.timeout = 500ms}).status == 429);
  refusing = false;
  CHECK(world.ask().status == 200);
}

TEST_CASE("what a plugin refuses uses up none of max_attempts, and is no call") {
  std::string journal;
  TestWorld world("[fallback]\nmax_attempts = 1\n" + providers_toml({"a", "b"}, 3, "retries = { max = 0 }"));
  world.plugins.push_back(
      std::make_unique<Scribe>("x", journal, [](plugins::Attempt& attempt) -> plugins::Verdict {
        if (attempt.target.provider() != "a") return plugins::Pass{};
        return plugins::Refuse{.error = {.error_class = ErrorClass::budget, .message = "spent"},
                               .may_fall_back = true};
      }));
  const Got got = world.ask({.more = kToB});
  CHECK(got.status == 200);
  CHECK(world.count("b") == 1);
  CHECK(got.headers.get("x-llmgw-attempts") == "1");
  REQUIRE(world.records.size() == 1);
  const auto& record = world.records[0];
  CHECK(record.fallback);
  CHECK(std::ranges::count_if(record.attempts, [](const auto& a) { return a.sent; }) == 1);
  CHECK(record.attempts.front().held_back());
  CHECK(got.json().root()["extra_fields"]["attempts"].at(0)["sent"].boolean() == false);
  CHECK_FALSE(got.json().root()["extra_fields"]["attempts"].at(record.attempts.size() - 1)["sent"]);
}

TEST_CASE("a call that waited in our queue for too long is no call") {
  TestWorld world(providers_toml({"a", "b"}, 1, "max_concurrency = 1\nretries = { max = 0 }") +
                  "[fallback]\nslow_after = \"1s\"\n");
  world.when("a", {ok({.head = 10s})});
  world.start({});
  const Got& queued = world.start({.more = kToB, .at = 10ms});
  world.run();
  CHECK(queued.status == 200);
  REQUIRE(world.records.size() == 2);
  const auto& record = world.records[0].model_requested == "a/m" && world.records[0].provider == "b"
                           ? world.records[0]
                           : world.records[1];
  CHECK(record.provider == "b");
  CHECK(record.attempts.front().held_back());
  CHECK(queued.headers.get("x-llmgw-attempts") == "1");
}

namespace {

// Has the last word on attempts at "a".
class Judge final : public plugins::Plugin {
 public:
  explicit Judge(std::function<plugins::Verdict(const plugins::Ending&)> decide)
      : decide_(std::move(decide)) {}
  std::string_view name() const override { return "judge"; }
  plugins::Verdict after(plugins::Attempt& attempt, const plugins::Ending& ending) override {
    if (attempt.target.provider() != "a") return plugins::Pass{};
    return decide_(ending);
  }

 private:
  std::function<plugins::Verdict(const plugins::Ending&)> decide_;
};

plugins::Verdict refuse(bool may_fall_back) {
  return plugins::Refuse{.error = {.error_class = ErrorClass::policy, .message = "not fit to be seen"},
                         .may_fall_back = may_fall_back};
}

}  // namespace

TEST_CASE("an answer refused at its end is not given: the next target's is, or the refusal") {
  for (const bool may_fall_back : {true, false}) {
    CAPTURE(may_fall_back);
    std::string journal;
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Scribe>("outer", journal));
    world.plugins.push_back(std::make_unique<Judge>([=](const auto&) { return refuse(may_fall_back); }));
    world.plugins.push_back(std::make_unique<Scribe>("inner", journal));
    const Got got = world.ask({.more = kToB});
    CHECK(got.status == (may_fall_back ? 200 : 403));
    CHECK(world.calls() == (may_fall_back ? "a:k1 b:k1" : "a:k1"));
    // Who is further in saw the answer, who is further out the refusal.
    CHECK(journal.find("inner:after0+ outer:after0- ") != std::string::npos);
    CHECK(world.records.front().attempts.front().error_class == ErrorClass::policy);
    CHECK(world.records.front().attempts.front().message == "not fit to be seen");
  }
}

TEST_CASE("a stream refused at its end ends with the error in place of its last event") {
  std::string journal;
  TestWorld world(two());
  world.plugins.push_back(std::make_unique<Scribe>("outer", journal));
  world.plugins.push_back(std::make_unique<Judge>([](const auto&) { return refuse(true); }));
  world.when("a", {ok({.text = "one two three", .per_piece = 1s})});
  const Got got = world.ask({.stream = true, .more = kToB});
  CHECK(got.has("not fit to be seen"));
  CHECK_FALSE(got.has("[DONE]"));
  CHECK(got.streamed_text().starts_with("one"));
  CHECK(times(journal, "outer:after0-") == 1);
  CHECK(world.records.front().error_class == ErrorClass::policy);
  CHECK_FALSE(world.records.front().cut);
}

TEST_CASE("a plugin's last word on a failure: a veto leaves it its words, an answer takes its place") {
  {
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Judge>([](const auto&) { return refuse(false); }));
    world.when("a", {fault("503")});
    const Got got = world.ask({.more = kToB});
    CHECK(got.status == 503);
    CHECK(world.calls() == "a:k1");
    CHECK_FALSE(got.has("not fit to be seen"));
  }
  {
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Judge>([](const plugins::Ending& ending) -> plugins::Verdict {
      REQUIRE(ending.failure != nullptr);
      return plugins::Reply{.body = R"({"object":"chat.completion","choices":[],"stale":true})"};
    }));
    world.when("a", {fault("503")});
    const Got got = world.ask({.more = kToB});
    CHECK(got.status == 200);
    CHECK(got.has("\"stale\":true"));
  }
}

namespace {

// Says less, or other things, than the client and the provider do.
class Censor final : public plugins::Plugin {
 public:
  std::string_view name() const override { return "censor"; }
  plugins::Verdict before(plugins::Attempt& attempt) override {
    std::string body = attempt.request().body;
    if (const auto at = body.find("secret"); at != std::string::npos) {
      const auto changed = attempt.change_body(body.replace(at, 6, "******"));
      if (!changed) return plugins::Refuse{changed.error()};
    }
    return plugins::Pass{};
  }
  bool watches_stream(const plugins::Attempt&) const override { return true; }
  plugins::Verdict on_event(plugins::Attempt&, dialects::StreamEvent&& event,
                            std::vector<dialects::StreamEvent>& out) override {
    if (event.kind == dialects::StreamEvent::Kind::text) {
      if (event.text.find("vile") != std::string::npos) return refuse(true);
      if (event.text.find("hide") != std::string::npos) return plugins::Pass{};
      if (event.text.find("twin") != std::string::npos) out.push_back(event);
    }
    out.push_back(std::move(event));
    return plugins::Pass{};
  }
};

}  // namespace

TEST_CASE("a plugin's change of the request is what this attempt sends, in each dialect") {
  for (const std::string kind : {"openai", "anthropic"}) {
    CAPTURE(kind);
    TestWorld world("[providers.a]\nkind = \"" + kind +
                    "\"\nbase_url = \"http://a.test/v1\"\n[[providers.a.keys]]\nname = \"k1\"\nvalue = "
                    "\"sk-a-k1\"\n");
    world.plugins.push_back(std::make_unique<Censor>());
    world.ask({.bare = true, .more = R"(,"messages":[{"role":"user","content":"my secret"}])"});
    REQUIRE(world.transport.calls().size() == 1);
    CHECK(world.transport.calls()[0]->body.find("my ******") != std::string::npos);
    CHECK(world.transport.calls()[0]->body.find("secret") == std::string::npos);
  }
}

TEST_CASE("a stream goes event by event through the plugins that watch it") {
  struct Case {
    std::string_view says, gets;
  };
  for (const Case& c :
       {Case{"onessome", "onessome"}, Case{"somehide", "some"}, Case{"sometwin", "sometwintwin"}}) {
    CAPTURE(c.says);
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Censor>());
    world.when("a", {ok({.text = std::string(c.says)})});
    const Got got = world.ask({.stream = true});
    CHECK(got.streamed_text() == c.gets);
    CHECK(got.has("[DONE]"));
    CHECK(got.has("extra_fields"));
  }
}

TEST_CASE("a stream refused before its first content falls back unseen; later it ends with the refusal") {
  for (const bool first : {true, false}) {
    CAPTURE(first);
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Censor>());
    world.when("a", {ok({.text = first ? "vilewords" : "somevilewords"})});
    const Got got = world.ask({.stream = true, .more = kToB});
    CHECK_FALSE(got.has("vile"));
    if (first) {
      CHECK(got.headers.get("x-llmgw-provider") == "b");
      continue;
    }
    CHECK(got.has("not fit to be seen"));
    CHECK_FALSE(got.has("[DONE]"));
    CHECK(world.records.front().error_class == ErrorClass::policy);
  }
}

TEST_CASE("a plugin's whole answer reaches a client that streams as a stream") {
  for (const bool at_the_end : {false, true}) {
    CAPTURE(at_the_end);
    TestWorld world(two());
    const auto kept = [](const auto&) -> plugins::Verdict {
      return plugins::Reply{
          .body = R"({"choices":[{"message":{"content":"kept words"},"finish_reason":"stop"}]})"};
    };
    std::string journal;
    if (at_the_end) {
      world.plugins.push_back(std::make_unique<Judge>(kept));
      world.when("a", {fault("503")});
    } else {
      world.plugins.push_back(std::make_unique<Scribe>("x", journal, kept));
    }
    const Got got = world.ask({.stream = true, .more = R"(,"stream_options":{"include_usage":true})"});
    CHECK(got.streamed_text() == "kept words");
    CHECK(got.has("[DONE]"));
    CHECK(got.headers.get("content-type") == "text/event-stream");
    CHECK(world.fibers.live() == 0);
  }
}

TEST_CASE("a target that is passed over answers what is kept of it, where a plugin says that it may") {
  struct Keeper final : plugins::Plugin {
    explicit Keeper(bool m) : may(m) {}
    std::string_view name() const override { return "keeper"; }
    bool may_answer(const dialects::Request&) const override { return may; }
    plugins::Verdict before(plugins::Attempt& attempt) override {
      if (attempt.target.provider() != "a" || attempt.will_call) return plugins::Pass{};
      plugins::Reply reply{.body = R"({"choices":[{"message":{"content":"kept"}}]})"};
      reply.facts.object = true;
      return reply;
    }
    bool may;
  };
  for (const bool may : {true, false}) {
    CAPTURE(may);
    std::string journal;
    TestWorld world(two());
    world.plugins.push_back(std::make_unique<Scribe>("outer", journal));
    world.plugins.push_back(std::make_unique<Keeper>(may));
    world.when("a", {fault("429", 60s), ok()});
    CHECK(world.ask({.more = kToB}).headers.get("x-llmgw-provider") == "b");  // "a" rests now
    journal.clear();
    const Got got = world.ask({.more = kToB});
    CHECK(got.has("kept") == may);
    CHECK(got.headers.get("x-llmgw-provider") == (may ? "a" : "b"));
    CHECK(world.count("a") == 1);
    CHECK(times(journal, "before") == times(journal, "after"));
  }
}
