// docs: "The life of a request", step 5, and "Slow clients".
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

std::string two(std::string_view more = "") {
  return providers_toml({"a", "b"}, 1, "retries = { max = 0 }\n" + std::string(more));
}

const std::string kToB = R"(,"fallbacks":["b/n"])";

// The `data:` of each event.
std::vector<std::string> events(const Got& got) {
  std::vector<std::string> out;
  net::SseSplitter splitter;
  splitter.feed(got.body);
  for (;;) {
    const auto event = splitter.next();
    if (!event || !*event) return out;
    if (!(*event)->data.empty()) out.emplace_back((*event)->data);
  }
}

}  // namespace

TEST_CASE("a stream arrives whole, with extra_fields in the last chunk that has a choice") {
  TestWorld world(two());
  const Got got = world.ask({.stream = true});
  CHECK(got.status == 200);
  CHECK(got.ended);
  CHECK(got.streamed_text() == "from a.test");
  const auto all = events(got);
  CHECK(all.back() == "[DONE]");
  const auto last = json::Doc::parse(all.at(all.size() - 2)).value();
  CHECK(last.root()["choices"].at(0)["finish_reason"].says("stop"));
  CHECK(last.root()["extra_fields"]["provider"].says("a"));
  CHECK(last.root()["extra_fields"]["attempts"].size() == 1);
  for (size_t i = 0; i + 2 < all.size(); ++i) CHECK(all[i].find("extra_fields") == std::string::npos);
}

TEST_CASE("a usage chunk that the client did not ask for is asked for, and not passed on") {
  TestWorld world(two());
  const Got quiet = world.ask({.stream = true});
  CHECK(world.transport.calls().at(0)->body.find(R"("stream_options":{"include_usage":true})") !=
        std::string::npos);
  for (const auto& event : events(quiet)) CHECK(event.find("\"choices\":[]") == std::string::npos);
  CHECK(world.records.at(0).usage.output > 0);
  const Got asked = world.ask({.stream = true, .more = R"(,"stream_options":{"include_usage":true})"});
  const auto all = events(asked);
  CHECK(all.at(all.size() - 2).find("\"choices\":[]") != std::string::npos);
  CHECK(all.at(all.size() - 3).find("extra_fields") != std::string::npos);
}

TEST_CASE("nothing is sent before the first content, on any attempt") {
  TestWorld world(two());
  world.when("a", {ok({.text = "never seen", .first = 3s, .cut_after = 0})});
  world.when("b", {ok({.text = "seen", .first = 2s})});
  const Got got = world.ask({.stream = true, .more = kToB});
  CHECK(got.status == 200);
  CHECK(got.first_byte >= 5s);
  CHECK(got.streamed_text() == "seen");
  CHECK(got.answers == 1);
}

TEST_CASE("a chain of streams that fails before content has a real status") {
  TestWorld world(two());
  world.when("a", {fault("first-error")});
  world.when("b", {fault("429")});
  const Got got = world.ask({.stream = true, .more = kToB, .timeout = 1s});
  CHECK(got.status == 500);
  CHECK(got.headers.get("content-type").starts_with("application/json"));
  CHECK(got.json().root()["error"]["type"].says("server_error"));
}

TEST_CASE("every failure before content falls back unseen") {
  const std::string role =
      R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"
      "\n\n";
  for (auto [what, script] : std::initializer_list<std::pair<std::string_view, TestWorld::Script>>{
           {"a role, then a cut", ok({.cut_after = 0})},
           {"a role, then the end", raw("text/event-stream", role)},
           {"a role, then [DONE]", raw("text/event-stream", role + "data: [DONE]\n\n")},
           {"a role, then an error",
            raw("text/event-stream",
                role + "data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\"}}\n\n")},
           {"nothing at all", raw("text/event-stream", "")},
           {"comments only", raw("text/event-stream", ": ping\n\n: ping\n\n")},
           {"garbage", raw("text/event-stream", "data: {\"choices\":[{\n\n")},
           {"a whole reply",
            [](const SeenCall& call) {
              auto plain = call;
              plain.body = R"({"model":"m","messages":[{"role":"user","content":"x"}]})";
              return answers(plain, {});
            }},
           {"html", fault("html")},
           {"a hang", fault("hang")},
           {"a stall after the role", ok({.stall_after = 0})}}) {
    CAPTURE(what);
    TestWorld world("[fallback]\nslow_after = \"1h\"\n" +
                    two("timeouts = { first_token = \"5s\", idle = \"5s\" }"));
    world.when("a", {script});
    const Got got = world.ask({.stream = true, .more = kToB});
    CHECK(got.status == 200);
    CHECK(got.streamed_text() == "from b.test");
    CHECK(world.calls() == "a:k1 b:k1");
    CHECK(world.records.at(0).attempts.at(0).error_class.has_value());
  }
}

TEST_CASE("a stream cut after content ends with an error event and never with the success marker") {
  TestWorld world(two());
  world.when("a", {ok({.text = "one two three four five", .cut_after = 3})});
  const Got got = world.ask({.stream = true, .more = kToB});
  CHECK(got.status == 200);
  CHECK(got.ended);
  CHECK(got.streamed_text() == "one two thre");
  CHECK_FALSE(got.has("[DONE]"));
  CHECK_FALSE(got.has("finish_reason\":\"stop"));
  const auto all = events(got);
  const auto last = json::Doc::parse(all.back()).value();
  CHECK(last.root()["error"]["code"].says("stream_cut"));
  CHECK(last.root()["extra_fields"]["attempts"].at(0)["class"].says("network"));
  CHECK(world.count("b") == 0);
  CHECK(world.records.at(0).cut);
}

TEST_CASE("a stream that falls silent after content is cut once idle has passed") {
  TestWorld world(two("timeouts = { idle = \"4s\" }"));
  world.when("a", {ok({.text = "one two three", .stall_after = 2})});
  const Got got = world.ask({.stream = true});
  CHECK(got.took < 5s);
  CHECK(got.took > 4s);
  CHECK_FALSE(got.has("[DONE]"));
  CHECK(got.has("\"error\""));
  CHECK(world.transport.calls().at(0)->left != kNever);
}

TEST_CASE("an error in the middle of a stream is passed on as the end") {
  TestWorld world(two());
  world.when(
      "a", {[](const SeenCall& call) {
        auto plan = answers(call, {.text = "one two three"});
        plan.body.at(3).bytes =
            "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\"}}\n\n";
        return plan;
      }});
  const Got got = world.ask({.stream = true});
  CHECK(got.streamed_text() == "one two ");
  CHECK(got.has("The server had an error"));
  CHECK_FALSE(got.has("[DONE]"));
  CHECK(*world.records.at(0).attempts.at(0).error_class == ErrorClass::server_error);
}

TEST_CASE("the marker is added where a finished stream lacks it") {
  TestWorld world(two());
  world.when("a", {ok({.text = "whole", .end_marker = false})});
  const Got got = world.ask({.stream = true});
  CHECK(got.streamed_text() == "whole");
  CHECK(events(got).back() == "[DONE]");
  CHECK_FALSE(world.records.at(0).error_class);
}

TEST_CASE("a stream may come split at every byte, its lines ended by CR, LF or CRLF") {
  for (const size_t split : {1u, 2u, 3u, 7u}) {
    TestWorld world(two());
    world.when("a", {ok({.text = "split – ünïcode ✓ text", .split = split})});
    CHECK(world.ask({.stream = true}).streamed_text() == "split – ünïcode ✓ text");
  }
  for (const std::string eol : {"\n", "\r", "\r\n"}) {
    TestWorld world(two());
    const std::string chunk =
        R"(data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]})";
    world.when("a", {raw("text/event-stream", chunk + eol + eol + "data: [DONE]" + eol + eol)});
    CHECK(world.ask({.stream = true}).streamed_text() == "hi");
  }
}

TEST_CASE("commit = complete rescues every cut") {
  TestWorld world(two());
  world.when("a", {ok({.text = "one two three four", .cut_after = 3})});
  const Got got = world.ask({.stream = true, .more = kToB, .commit = config::Commit::complete});
  CHECK(got.status == 200);
  CHECK(got.streamed_text() == "from b.test");
  CHECK(events(got).back() == "[DONE]");
}

TEST_CASE("a client that leaves mid-stream closes the upstream within a second") {
  TestWorld world(two());
  world.when("a", {ok({.text = std::string(400, 'x'), .per_piece = 1s})});
  const Got got = world.ask({.stream = true, .more = kToB, .leaves_after = 10s});
  CHECK_FALSE(got.ended);
  const auto& call = *world.transport.calls().at(0);
  CHECK(call.left - call.at <= 11s);
  CHECK(world.count("b") == 0);
  CHECK(world.records.at(0).error_class == ErrorClass::cancelled);
}

TEST_CASE("idle does not run while the client is the slow one") {
  TestWorld world(two("timeouts = { idle = \"2s\" }"));
  world.when("a", {ok({.text = std::string(40, 'x'), .per_piece = 500ms})});
  const Got got = world.ask({.stream = true, .slowness = 5s});
  CHECK(got.ended);
  CHECK(got.streamed_text() == std::string(40, 'x'));
  CHECK(events(got).back() == "[DONE]");
  CHECK_FALSE(world.records.at(0).error_class);
}

TEST_CASE("the deadline of a stream is for its first content, not for its end") {
  TestWorld world("[fallback]\ndeadline = \"5s\"\n" + two());
  world.when("a", {ok({.text = std::string(80, 'x'), .per_piece = 1s})});
  const Got got = world.ask({.stream = true});
  CHECK(got.streamed_text() == std::string(80, 'x'));
  CHECK(got.took > 15s);
}

TEST_CASE("first_token falls back and is not tried twice on the same target") {
  TestWorld world(
      "[fallback]\nslow_after = \"1h\"\n" +
      providers_toml({"a", "b"}, 2, "retries = { max = 3 }\ntimeouts = { first_token = \"3s\" }"));
  world.when("a", {fault("hang")});
  const Got got = world.ask({.stream = true, .more = kToB});
  CHECK(got.streamed_text() == "from b.test");
  CHECK(got.took > 3s);
  CHECK(got.took < 4s);
  CHECK(world.count("a") == 1);
}

TEST_CASE("a Responses stream carries extra_fields in its last event, and a cut one fails") {
  TestWorld world(two());
  const auto dialect = dialects::Dialect::openai_responses;
  const Got got = world.ask({.stream = true, .dialect = dialect});
  CHECK(got.streamed_text() == "from a.test");
  const auto all = events(got);
  const auto last = json::Doc::parse(all.back()).value();
  CHECK(last.root()["type"].says("response.completed"));
  CHECK(last.root()["response"]["extra_fields"]["provider"].says("a"));
  CHECK_FALSE(got.has("[DONE]"));

  world.when("a", {ok({.text = "one two three", .cut_after = 2})});
  const Got cut = world.ask({.stream = true, .dialect = dialect});
  CHECK_FALSE(cut.has("response.completed"));
  const auto sent = events(cut);
  const auto first = json::Doc::parse(sent.front()).value();
  const auto before = json::Doc::parse(sent[sent.size() - 2]).value();
  const auto failed = json::Doc::parse(sent.back()).value();
  CHECK(failed.root()["type"].says("response.failed"));
  CHECK(failed.root()["response"]["status"].says("failed"));
  CHECK(failed.root()["response"]["error"]["code"].says("stream_cut"));
  CHECK(failed.root()["response"]["extra_fields"]["provider"].says("a"));
  // It goes on from what the client has.
  for (const std::string_view member : {"id", "model", "created_at"}) {
    CAPTURE(member);
    CHECK(first.root()["response"][member].raw().size() > 0);
    CHECK(failed.root()["response"][member].raw() == first.root()["response"][member].raw());
  }
  CHECK(failed.root()["sequence_number"].integer().value() ==
        before.root()["sequence_number"].integer().value() + 1);

  world.when("a", {ok({.text = "x", .cut_after = 0})});
  CHECK(world.ask({.stream = true, .dialect = dialect, .more = kToB}).streamed_text() == "from b.test");
}

TEST_CASE("a legacy completion streams the same way") {
  TestWorld world(two());
  world.when("a", {fault("first-error")});
  const Got got = world.ask({.stream = true, .dialect = dialects::Dialect::openai_completions, .more = kToB});
  CHECK(got.streamed_text() == "from b.test");
  CHECK(events(got).back() == "[DONE]");
}

TEST_CASE("a stream is whole when each choice that began has finished, however it ends; else it is cut") {
  const auto chunk = [](std::string_view delta, int index, std::string_view finish) {
    return "data: {\"choices\":[{\"index\":" + std::to_string(index) + ",\"delta\":" + std::string(delta) +
           ",\"finish_reason\":" + std::string(finish) + "}]}\n\n";
  };
  const std::string a = chunk(R"({"content":"a"})", 0, "null"), b = chunk(R"({"content":"b"})", 1, "null");
  const std::string a_ends = chunk("{}", 0, "\"stop\""), b_ends = chunk("{}", 1, "\"stop\""),
                    filter = chunk("{}", 0, "null");
  using Kind = SimulatedCall::Event::Kind;
  struct Case {
    std::string body;
    Kind end;
    bool whole;
  };
  for (const auto& [body, end, whole] :
       {Case{a + a_ends, Kind::end, true}, Case{a + a_ends, Kind::cut, true},
        Case{a + a_ends, Kind::bytes, true}, Case{a + a_ends + filter, Kind::end, true},
        Case{a, Kind::end, false}, Case{a, Kind::cut, false}, Case{a + b + a_ends, Kind::end, false},
        Case{a + b + a_ends, Kind::cut, false}, Case{a + b + b_ends + a_ends, Kind::cut, true},
        Case{a + a_ends + b, Kind::cut, false}, Case{a + a_ends + b + b_ends, Kind::end, true}}) {
    CAPTURE(body);
    CAPTURE(static_cast<int>(end));
    TestWorld world(two());
    world.when("a", {[&](const SeenCall& call) {
                 auto reply = simulate::says("text/event-stream", body);
                 (void)call;
                 if (end == Kind::bytes) reply.body.pop_back();  // silence
                 if (end == Kind::cut) reply.body.back().kind = Kind::cut;
                 return reply;
               }});
    const Got got = world.ask({.stream = true});
    CHECK(got.ended);
    CHECK(got.body.ends_with("data: [DONE]\n\n") == whole);
    CHECK(got.has("stream_cut") == !whole);
    if (whole) CHECK(got.has("\"stop\""));
  }
}

TEST_CASE("a stream that broke off holds its upstream no longer than that, however slow the client") {
  TestWorld world(providers_toml({"a"}, 1, "retries = { max = 0 }\ntimeouts = { idle = \"2s\" }"));
  world.when("a", {ok({.text = "one two three four", .stall_after = 2})});
  const Got& got = world.start({.stream = true, .slowness = 3s});
  world.run();
  CHECK(got.returned);
  REQUIRE(world.transport.calls().size() == 1);
  const auto& call = *world.transport.calls()[0];
  CHECK(got.has("stream_cut"));
  CHECK(call.left <= call.at + got.took - 3s);  // which the client takes for the error
}
