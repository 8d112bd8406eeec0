// docs: "The life of a request", step 2: a provider of another dialect than the client's.
#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;
using dialects::Dialect;

namespace {

constexpr std::string_view kVendors = R"(
[providers.o]
kind = "openai"
base_url = "http://o.test/v1"
retries = { max = 0 }
[[providers.o.keys]]
name = "k1"
value = "sk-o-k1"
[providers.c]
kind = "anthropic"
base_url = "http://c.test/v1"
retries = { max = 0 }
[[providers.c.keys]]
name = "k1"
value = "sk-c-k1"
)";

std::string vendors(std::string_view more = "") {
  return std::string(kVendors) + std::string(more);
}

const std::string kToC = R"(,"fallbacks":["c/claude-sonnet-4-5"])";
const std::string kToO = R"(,"max_tokens":50,"fallbacks":["o/gpt-4o"])";

// The `data:` of each event.
std::vector<json::Doc> events(const Got& got, std::deque<std::string>& texts) {
  std::vector<json::Doc> out;
  net::SseSplitter splitter;
  splitter.feed(got.body);
  for (;;) {
    const auto event = splitter.next();
    if (!event || !*event) return out;
    if ((*event)->data.empty() || (*event)->data == "[DONE]") continue;
    out.push_back(json::Doc::parse(texts.emplace_back((*event)->data)).value());
  }
}

// The text of a Messages stream, and its last `stop_reason`.
std::string messages_text(const Got& got) {
  std::deque<std::string> texts;
  std::string text;
  for (const auto& event : events(got, texts)) {
    text += event.root()["delta"]["text"].text();
    text += event.root()["delta"]["stop_reason"].text();
  }
  return text;
}

}  // namespace

TEST_CASE("a chat client is served by Anthropic when OpenAI is down, and told so") {
  TestWorld world(vendors());
  world.when("o", {fault("500")});
  const Got got = world.ask({.model = "o/gpt-4o", .more = kToC + R"(,"seed":7)"});
  CHECK(got.status == 200);
  const auto reply = got.json();
  CHECK(reply.root()["object"].says("chat.completion"));
  CHECK(reply.root()["choices"].at(0)["message"]["content"].says("from c.test"));
  CHECK(reply.root()["choices"].at(0)["finish_reason"].says("stop"));
  CHECK(reply.root()["usage"]["completion_tokens"].integer() > 0);
  const auto extra = reply.root()["extra_fields"];
  CHECK(extra["provider"].says("c"));
  CHECK(extra["request_type"].says("openai-chat"));
  CHECK(extra["warnings"].at(0)["code"].says("dropped"));
  CHECK(extra["warnings"].at(0)["field"].says("seed"));

  const auto& call = *world.transport.calls().at(1);
  CHECK(call.target == "/v1/messages");
  const auto sent = json::Doc::parse(call.body).value();
  CHECK(sent.root()["model"].says("claude-sonnet-4-5"));
  CHECK(sent.root()["max_tokens"].integer() > 0);
  CHECK(sent.root()["messages"].at(0)["content"].at(0)["text"].says("hi"));
  CHECK_FALSE(sent.root()["fallbacks"]);
}

TEST_CASE("a stream is translated as it comes, its finish with all that is known") {
  TestWorld world(vendors());
  world.when("o", {fault("503")});
  const Got got = world.ask(
      {.model = "o/gpt-4o", .stream = true, .more = kToC + R"(,"stream_options":{"include_usage":true})"});
  CHECK(got.status == 200);
  CHECK(got.headers.get("content-type").starts_with("text/event-stream"));
  CHECK(got.streamed_text() == "from c.test");
  CHECK(got.has("data: [DONE]"));
  std::deque<std::string> texts;
  const auto all = events(got, texts);
  REQUIRE(all.size() > 2);
  CHECK(all.front().root()["choices"].at(0)["delta"]["role"].says("assistant"));
  const auto finish = all[all.size() - 2].root();
  CHECK(finish["choices"].at(0)["finish_reason"].says("stop"));
  CHECK(finish["extra_fields"]["provider"].says("c"));
  CHECK(all.back().root()["usage"]["completion_tokens"].integer() > 0);
  CHECK(world.records.at(0).usage.output > 0);
}

TEST_CASE("an Anthropic client is served by OpenAI, whole and streamed") {
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    TestWorld world(vendors());
    world.when("c", {fault("529")});
    const Got got = world.ask({.model = "c/claude-sonnet-4-5",
                               .stream = stream,
                               .dialect = Dialect::anthropic_messages,
                               .more = kToO});
    CHECK(got.status == 200);
    CHECK(world.calls() == "c: o:k1");
    CHECK(world.transport.calls().at(1)->target == "/v1/chat/completions");
    if (stream) {
      CHECK(messages_text(got) == "from o.testend_turn");
      CHECK(got.has("event: message_start"));
      CHECK(got.body.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
    } else {
      const auto reply = got.json();
      CHECK(reply.root()["type"].says("message"));
      CHECK(reply.root()["content"].at(0)["text"].says("from o.test"));
      CHECK(reply.root()["stop_reason"].says("end_turn"));
      CHECK(reply.root()["extra_fields"]["provider"].says("o"));
    }
  }
}

TEST_CASE("in its own dialect a provider gets and gives bytes as they came") {
  TestWorld world(vendors());
  const std::string own = R"(,"max_tokens":9,"metadata" : {"user_id":"u"},"unheard_of":[1, 2])";
  Got got = world.ask({.model = "c/claude-sonnet-4-5", .dialect = Dialect::anthropic_messages, .more = own});
  CHECK(got.status == 200);
  CHECK(world.transport.calls().at(0)->body.ends_with(own + "}"));
  CHECK(got.json().root()["extra_fields"]["warnings"].size() == 0);

  got = world.ask(
      {.model = "c/claude-sonnet-4-5", .stream = true, .dialect = Dialect::anthropic_messages, .more = own});
  CHECK(messages_text(got) == "from c.testend_turn");
  std::deque<std::string> texts;
  const auto all = events(got, texts);
  CHECK(all.front().root()["message"]["extra_fields"]["provider"].says("c"));
  CHECK(all.at(all.size() - 2).root()["extra_fields"]["attempts"].size() == 1);
  CHECK(all.back().root()["type"].says("message_stop"));
}

TEST_CASE("the primary's own error comes in the client's dialect") {
  struct Case {
    Dialect dialect;
    std::string model, more, fault;
    int status;
    std::string_view type;
  };
  for (const Case& c : std::initializer_list<Case>{
           {Dialect::openai_chat, "c/claude-sonnet-4-5", "", "429", 429, "rate_limit_error"},
           {Dialect::anthropic_messages, "o/gpt-4o", R"(,"max_tokens":5)", "429", 429, "rate_limit_error"},
           {Dialect::anthropic_messages, "o/gpt-4o", R"(,"max_tokens":5)", "401", 401,
            "authentication_error"},
           {Dialect::anthropic_messages, "o/gpt-4o", R"(,"max_tokens":5)", "500", 500, "api_error"}}) {
    CAPTURE(c.model);
    CAPTURE(c.fault);
    TestWorld world(vendors());
    world.when(c.model.substr(0, 1), {fault(c.fault)});
    const Got got = world.ask({.model = c.model, .dialect = c.dialect, .more = c.more});
    CHECK(got.status == c.status);
    const auto reply = got.json();
    CHECK(reply.root()["error"]["type"].says(c.type));
    CHECK(reply.root()["error"]["message"].text().size() > 10);
    CHECK(reply.root()["type"].says("error") == (c.dialect == Dialect::anthropic_messages));
    CHECK(reply.root()["extra_fields"]["attempts"].size() > 0);
  }
}

TEST_CASE("a cut behind the commit point ends a translated stream with the client's error event") {
  TestWorld world(vendors());
  world.when("o", {fault("cut")});
  const Got got = world.ask({.model = "o/gpt-4o",
                             .stream = true,
                             .dialect = Dialect::anthropic_messages,
                             .more = R"(,"max_tokens":50)"});
  CHECK(got.status == 200);
  CHECK(got.has("event: error\ndata: {\"type\":\"error\""));
  CHECK_FALSE(got.has("message_stop"));
}

TEST_CASE("a translated Responses stream that is cut fails with the id and the numbers that it had") {
  TestWorld world(vendors());
  world.when("c", {fault("cut")});
  const Got got =
      world.ask({.model = "c/claude-sonnet-4-5", .stream = true, .dialect = Dialect::openai_responses});
  std::deque<std::string> texts;
  const auto all = events(got, texts);
  REQUIRE(all.size() > 3);
  int64_t sequence = 0;
  for (const auto& event : all) CHECK(event.root()["sequence_number"].integer() == sequence++);
  CHECK(all.front().root()["type"].says("response.created"));
  const auto failed = all.back().root();
  CHECK(failed["type"].says("response.failed"));
  CHECK(failed["response"]["id"].text() == all.front().root()["response"]["id"].text());
  CHECK_FALSE(failed["response"]["id"].says(""));
  CHECK(failed["response"]["error"]["code"].says("stream_cut"));
}

TEST_CASE("a custom tool is a function for another vendor, and its calls are custom again") {
  const std::string tools =
      R"(,"input":"patch it","tools":[{"type":"custom","name":"apply_patch","description":"Edits files.",)"
      R"("format":{"type":"grammar","syntax":"lark","definition":"start: x"}}])";
  const std::string call =
      R"({"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[)"
      R"({"type":"tool_use","id":"toolu_1","name":"apply_patch","input":{"input":"*** Begin\n\"é\""}}],)"
      R"("stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":4}})";
  TestWorld world(vendors());
  world.when("c", {raw("application/json", call)});
  const Got got = world.ask(
      {.model = "c/claude-sonnet-4-5", .dialect = Dialect::openai_responses, .bare = true, .more = tools});
  const auto sent = json::Doc::parse(world.transport.calls().at(0)->body).value();
  const auto tool = sent.root()["tools"].at(0);
  CHECK(tool["name"].says("apply_patch"));
  CHECK(tool["input_schema"]["properties"]["input"]["type"].says("string"));
  CHECK(tool["description"].text().find("lark grammar:\nstart: x") != std::string::npos);
  const auto reply = got.json();
  const auto item = reply.root()["output"].at(0);
  CHECK(item["type"].says("custom_tool_call"));
  CHECK(item["call_id"].says("toolu_1"));
  CHECK(item["input"].text() == "*** Begin\n\"é\"");
  CHECK(reply.root()["extra_fields"]["warnings"].at(0)["field"].says("tools[0].format"));

  const std::string stream =
      "event: message_start\ndata: "
      "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\","
      "\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"usage\":{\"input_tokens\":1,\"output_tokens\":"
      "1}}}\n\n"
      "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
      "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"apply_patch\",\"input\":{}}}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
      "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"input\\\": \\\"*** Be\"}}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
      "{\"type\":\"input_json_delta\",\"partial_json\":\"gin\\\\n\\\"}\"}}\n\n"
      "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},"
      "\"usage\":{\"output_tokens\":5}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  world.when("c", {raw("text/event-stream", stream)});
  const Got streamed = world.ask({.model = "c/claude-sonnet-4-5",
                                  .stream = true,
                                  .dialect = Dialect::openai_responses,
                                  .bare = true,
                                  .more = tools});
  std::deque<std::string> texts;
  std::string input, types;
  for (const auto& event : events(streamed, texts)) {
    if (event.root()["type"].says("response.custom_tool_call_input.delta"))
      input += event.root()["delta"].text() + "|";
    if (event.root()["type"].says("response.completed"))
      CHECK(event.root()["response"]["output"].at(0)["input"].text() == "*** Begin\n");
  }
  CHECK(input == "*** Be|gin\n|");

  world.when("c", {raw("application/json", call)});
  const Got chat =
      world.ask({.model = "c/claude-sonnet-4-5",
                 .bare = true,
                 .more = R"(,"messages":[{"role":"user","content":"patch it"}],"tools":[{"type":"custom",)"
                         R"("custom":{"name":"apply_patch","format":{"type":"text"}}}])"});
  const auto chat_reply = chat.json();
  const auto chat_call = chat_reply.root()["choices"].at(0)["message"]["tool_calls"].at(0);
  CHECK(chat_call["type"].says("custom"));
  CHECK(chat_call["custom"]["input"].text() == "*** Begin\n\"é\"");
}

TEST_CASE("an error before the first content of a translated stream falls back unseen") {
  for (const std::string_view word : {"first-error", "html", "malformed", "empty"}) {
    CAPTURE(word);
    TestWorld world(vendors());
    world.when("c", {fault(word)});
    const Got got =
        world.ask({.model = "c/claude-sonnet-4-5", .stream = true, .more = R"(,"fallbacks":["o/gpt-4o"])"});
    CHECK(got.status == 200);
    CHECK(got.streamed_text() == "from o.test");
    CHECK(world.calls() == "c: o:k1");
  }
}

TEST_CASE("strict translation refuses what would be lost, and the chain goes on") {
  TestWorld world(vendors("[fallback]\ntranslation = \"strict\"\n"));
  const std::string seeded = R"(,"seed":7,"fallbacks":["c/claude-sonnet-4-5","o/gpt-4o-mini"])";
  world.when("o", {fault("500"), ok({.text = "kept"})});
  const Got got = world.ask({.model = "o/gpt-4o", .more = seeded});
  CHECK(got.status == 200);
  CHECK(world.calls() == "o:k1 o:k1");
  const auto reply = got.json();
  const auto attempt = reply.root()["extra_fields"]["attempts"].at(1);
  CHECK(attempt["message"].text().find("'seed'") != std::string::npos);
}

TEST_CASE("a body that its dialect would refuse is the client's error, with its path") {
  TestWorld world(vendors());
  const Got got = world.ask({.model = "o/gpt-4o",
                             .dialect = Dialect::anthropic_messages,
                             .more = R"(,"max_tokens":5,"tools":[{"description":"no name"}])"});
  CHECK(got.status == 400);
  CHECK(got.has("tools[0].name"));
  CHECK(world.calls().empty());
}

TEST_CASE(
    "sealed thoughts of a tool's turn come back to who sealed them, though the client cannot carry them") {
  TestWorld world(vendors());
  const std::string thought =
      R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[)"
      R"({"type":"thinking","thinking":"Look it up.","signature":"c2lnbmVk"},)"
      R"({"type":"tool_use","id":"toolu_1","name":"look","input":{"q":"x"}}],)"
      R"("stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":5}})";
  world.when("c", {raw("application/json", thought), ok()});
  const std::string tools =
      R"(,"reasoning_effort":"low","max_tokens":4000,"tools":[{"type":"function","function":{"name":"look"}}])";
  Got got = world.ask({.model = "c/claude-sonnet-4-5", .more = tools});
  REQUIRE(got.status == 200);
  const auto reply = got.json();
  const auto message = reply.root()["choices"].at(0)["message"];
  CHECK(message["tool_calls"].at(0)["id"].says("toolu_1"));
  CHECK(message["reasoning_content"].says("Look it up."));

  // The client comes back with the call and its result, but without the thought.
  const std::string turns =
      R"(,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"toolu_1",)"
      R"("type":"function","function":{"name":"look","arguments":"{\"q\":\"x\"}"}}]},)"
      R"({"role":"tool","tool_call_id":"toolu_1","content":"found"}])";
  got = world.ask({.model = "c/claude-sonnet-4-5", .bare = true, .more = turns + tools});
  REQUIRE(got.status == 200);
  const auto sent = json::Doc::parse(world.transport.calls().at(1)->body).value();
  const auto turn = sent.root()["messages"].at(1)["content"];
  CHECK(turn.at(0)["type"].says("thinking"));
  CHECK(turn.at(0)["signature"].says("c2lnbmVk"));
  CHECK(turn.at(1)["type"].says("tool_use"));
  CHECK(sent.root()["thinking"]["type"].says("enabled"));

  // Another provider's history has no seal: this turn goes without thinking, and says so.
  std::string foreign = turns;
  for (size_t at = 0; (at = foreign.find("toolu_1", at)) != std::string::npos;)
    foreign.replace(at, 7, "call_xyz");
  got = world.ask({.model = "c/claude-sonnet-4-5", .bare = true, .more = foreign + tools});
  CHECK(got.json().root()["extra_fields"]["warnings"].at(0)["code"].says("thinking_off"));
  const auto unsealed = json::Doc::parse(world.transport.calls().at(2)->body).value();
  CHECK_FALSE(unsealed.root()["thinking"]);
}
