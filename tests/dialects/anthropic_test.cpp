#include <doctest/doctest.h>

#include "dialects/anthropic.h"
#include "tests/dialects/golden.h"

using namespace llmgw;
using namespace llmgw::dialects;
using std::string;

namespace {

constexpr auto kMine = Dialect::anthropic_messages;

std::vector<string> texts(const Answer& answer) {
  std::vector<string> out;
  for (const auto& part : answer.choices.at(0).parts) {
    if (const auto* text = part.get<Text>()) out.push_back(text->text);
  }
  return out;
}

Result<Conversation> read(string body) {
  Request request;
  request.dialect = kMine;
  request.body = std::move(body);
  if (auto decoded = codec(kMine)->decode_request(request); !decoded) return fail(decoded.error());
  return codec(kMine)->translation()->read_request(request);
}

}  // namespace

TEST_CASE("a coding agent's request is read whole: marks, thoughts with their seals, parallel calls") {
  const auto c = read_fixture(kMine, "claude_code");
  REQUIRE(c.messages.size() == 4);
  CHECK(c.messages[0].role == Role::system);
  CHECK(c.messages[0].parts[0].cache == CacheMark{});
  CHECK(c.messages[0].parts[1].cache == CacheMark{"1h"});
  const auto& turn = c.messages[2].parts;
  REQUIRE(turn.size() == 5);
  CHECK(turn[0] ==
        Part{Reasoning{.text = "Two places to look at.", .seal = {Issuer::anthropic, "EqQBsig=="}}, {}});
  CHECK(turn[1] ==
        Part{Reasoning{.text = {}, .seal = {Issuer::anthropic, "EmwKAhgB"}, .redacted = true}, {}});
  const auto* result = c.messages[3].parts[1].get<ToolResult>();
  REQUIRE(result != nullptr);
  CHECK(result->name == "Bash");
  CHECK(result->error);
  CHECK(c.messages[3].parts[1].cache);
  CHECK(c.thinking.budget == 10'000);
  CHECK(c.tools[1].cache);
  CHECK(c.tools[2].native_dialect == kMine);
  CHECK(c.unmodelled == std::vector<string>{"context_management"});
}

TEST_CASE("a coding agent's request reaches OpenAI in either of its dialects") {
  for (const auto to : {Dialect::openai_chat, Dialect::openai_responses}) {
    Warnings warnings;
    const auto body = translated_fixture(kMine, "claude_code", to, warnings);
    CAPTURE(body);
    CHECK(same_json(body, fixture(kMine, "claude_code.as-" + string(name(to)) + ".json")));
    CHECK(lines(warnings) == std::vector<string>{"dropped tools[2]"});
  }
}

TEST_CASE("written back to Claude the request keeps its thoughts, seals and marks") {
  Warnings warnings;
  const auto body = translated_fixture(kMine, "claude_code", kMine, warnings);
  CAPTURE(body);
  const auto doc = json::Doc::parse(body);
  REQUIRE(doc);
  CHECK(warnings.empty());
  const auto turn = doc->root()["messages"].at(1)["content"];
  CHECK(turn.at(0)["signature"].says("EqQBsig=="));
  CHECK(turn.at(1)["data"].says("EmwKAhgB"));
  CHECK(doc->root()["system"].at(1)["cache_control"]["ttl"].says("1h"));
  CHECK(doc->root()["tools"].at(1)["cache_control"]);
  CHECK(doc->root()["tools"].at(2)["type"].says("web_search_20250305"));
  CHECK(doc->root()["thinking"]["budget_tokens"].integer() == 10'000);
}

TEST_CASE("replies and streams of Claude say the same") {
  for (const string name : {"tools", "web_search", "stop"}) {
    CAPTURE(name);
    const auto whole = answer_of(kMine, name), streamed = streamed_answer_of(kMine, name);
    CHECK(whole.id == streamed.id);
    CHECK(whole.model == streamed.model);
    CHECK(whole.choices == streamed.choices);
    CHECK(whole.usage == streamed.usage);
  }
  const auto tools = answer_of(kMine, "tools");
  CHECK(tools.choices[0].finish == Finish::tool_calls);
  CHECK(tools.choices[0].parts.size() == 6);
  CHECK(tools.usage == observe::Usage{.input = 127, .output = 90, .cached_input = 100, .cache_written = 7});
  const auto search = answer_of(kMine, "web_search");
  CHECK(texts(search) == std::vector<string>{"Let me search.", "It rains."});
  const auto* cited = search.choices[0].parts.back().get<Text>();
  REQUIRE(cited->citations.size() == 1);
  CHECK(cited->citations[0].url == "https://example.com/rain");
  CHECK(answer_of(kMine, "stop").choices[0].stop_sequence == "three");
}

TEST_CASE("a streamed answer of Claude is the same behind every encoder, but for what that one cannot say") {
  const auto original = streamed_answer_of(kMine, "tools");
  CHECK(relayed(kMine, "tools", kMine).choices == original.choices);
  CHECK(relayed(kMine, "tools", Dialect::openai_responses).choices == original.choices);
  const auto chat = relayed(kMine, "tools", Dialect::openai_chat).choices;
  REQUIRE(chat.size() == 1);
  REQUIRE(chat[0].parts.size() == 5);  // without what is not shown
  CHECK(chat[0].parts[0] == Part{Reasoning{.text = "Both cities at once."}, {}});
  CHECK(chat[0].parts[4] == original.choices[0].parts[5]);
}

TEST_CASE("an error in Claude's stream is handed out as it is") {
  const auto events = events_of(kMine, fixture(kMine, "overloaded.stream.txt"));
  REQUIRE_FALSE(events.empty());
  CHECK(events.back().kind == StreamEvent::Kind::error);
  const auto doc = json::Doc::parse(events.back().text);
  REQUIRE(doc);
  CHECK(doc->root()["type"].says("overloaded_error"));
}

TEST_CASE("a broken request of Anthropic's names the field") {
  for (const auto& [body, field] : std::initializer_list<std::pair<string, string>>{
           {R"({"model":"m"})", "messages"},
           {R"({"model":"m","messages":[{"role":"robot","content":"x"}]})", "messages[0].role"},
           {R"({"model":"m","messages":[{"role":"user","content":[{"text":"x"}]}]})",
            "messages[0].content[0].type"},
           {R"({"model":"m","messages":[{"role":"user","content":[{"type":"tool_result"}]}]})",
            "messages[0].content[0].tool_use_id"},
           {R"({"model":"m","messages":[{"role":"user","content":7}]})", "messages[0].content"},
           {R"({"model":"m","messages":[],"tools":[{}]})", "tools[0].name"},
           {R"({"model":"m","messages":[],"tools":{}})", "tools"}}) {
    CAPTURE(body);
    const auto c = read(body);
    REQUIRE_FALSE(c);
    CHECK(c.error().param == field);
    CHECK(c.error().error_class == ErrorClass::bad_request);
  }
}

TEST_CASE("a history of another provider's calls bars thinking for the turn, with a warning") {
  Conversation c = read_fixture(kMine, "claude_code");
  auto& turn = c.messages[2].parts;
  turn.erase(turn.begin(), turn.begin() + 2);
  Warnings warnings;
  const auto body = write_anthropic_request(c, {.model = "claude-sonnet-4-5", .kind = "anthropic"}, warnings);
  CHECK(lines(warnings) == std::vector<string>{"thinking_off thinking"});
  CHECK(body.find("budget_tokens") == string::npos);
}

TEST_CASE("an event without data is none that `extra_fields` can go with") {
  const auto reader = codec(kMine)->stream_reader();
  for (const std::string_view type : {"message_delta", "message_start"}) {
    const auto step = reader->read({type, "", ""});
    REQUIRE(step);
    CHECK_FALSE(step->holdable);
    CHECK_FALSE(step->opening);
  }
}
