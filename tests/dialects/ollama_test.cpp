#include "dialects/ollama.h"

#include <doctest/doctest.h>

#include "tests/dialects/golden.h"

using namespace llmgw;
using namespace llmgw::dialects;
using std::string;

namespace {

constexpr auto kMine = Dialect::ollama_chat;

struct Written {
  string body;
  std::vector<string> warned;
};
Written written(const Conversation& c, std::optional<bool> thinks = {}) {
  Warnings warnings;
  string body = write_ollama_request(c, {.model = "m", .kind = "ollama", .thinks = thinks}, warnings);
  return {std::move(body), lines(warnings)};
}

Part text(const string& words) {
  return {Text{.text = words, .citations = {}}, {}};
}
Conversation asking() {
  Conversation c;
  c.messages.push_back({Role::user, {text("hi")}, {}});
  return c;
}

}  // namespace

TEST_CASE("a request of Ollama's is read whole, and its results find their calls") {
  const auto c = read_fixture(kMine, "agent");
  REQUIRE(c.messages.size() == 4);
  CHECK(c.messages[1].parts[1].get<Image>()->media.mime == "image/jpeg");
  CHECK(c.messages[1].parts[2].get<Image>()->media.mime == "image/png");
  const auto& said = c.messages[2].parts;
  REQUIRE(said.size() == 5);
  CHECK(said[0].get<Reasoning>()->text == "Look at it.");
  const auto* first = said[2].get<ToolCall>();
  const auto* third = said[4].get<ToolCall>();
  CHECK(first->arguments == R"({"city": "Köln"})");
  CHECK(said[3].get<ToolCall>()->id == "call_9");
  CHECK(first->id != third->id);
  const auto& results = c.messages[3].parts;
  REQUIRE(results.size() == 3);
  CHECK(results[0].get<ToolResult>()->id == first->id);
  CHECK(results[1].get<ToolResult>()->name == "now");
  CHECK(results[2].get<ToolResult>()->id == third->id);
  CHECK(c.format.kind == OutputFormat::Kind::schema);
  CHECK(c.thinking.effort == "low");
  CHECK(c.sampling.max_output == 500);
  CHECK(c.sampling.stop == std::vector<string>{"END"});
  CHECK(c.unmodelled == std::vector<string>{"options.repeat_penalty"});
}

TEST_CASE("Ollama's clients stream unless they say otherwise") {
  for (const auto& [body, stream] : std::initializer_list<std::pair<string, bool>>{
           {R"({"model":"m","messages":[]})", true},
           {R"({"model":"m","messages":[],"stream":null})", true},
           {R"({"model":"m","messages":[],"stream":true})", true},
           {R"({"model":"m","messages":[],"stream":false})", false}}) {
    Request request;
    request.dialect = kMine;
    request.body = body;
    REQUIRE(ollama_chat().decode_request(request));
    CHECK(request.stream == stream);
  }
}

TEST_CASE("replies and lines of Ollama say the same, as they do behind another vendor's stream") {
  const auto whole = answer_of(kMine, "tools"), streamed = streamed_answer_of(kMine, "tools");
  CHECK(whole.model == "gpt-oss:20b");
  CHECK(whole.model == streamed.model);
  CHECK(whole.choices == streamed.choices);
  CHECK(whole.usage == streamed.usage);
  CHECK(whole.usage == observe::Usage{.input = 26, .output = 282});
  CHECK(whole.choices[0].finish == Finish::tool_calls);
  CHECK(whole.choices[0].parts.size() == 4);
  CHECK(relayed(kMine, "tools", kMine).choices == whole.choices);
  CHECK(relayed(kMine, "tools", Dialect::anthropic_messages).choices == whole.choices);
}

TEST_CASE("an answer comes to Ollama's clients in its words") {
  Answer answer{.id = "x", .model = "m", .created = 1'767'225'600, .choices = {}};
  Choice choice;
  choice.parts = {{Reasoning{.text = "Hm."}, {}},
                  text("So."),
                  {ToolCall{.id = "c1", .name = "f", .arguments = R"({"a":1})"}, {}}};
  choice.finish = Finish::tool_calls;
  answer.choices.push_back(choice);
  answer.usage = {.input = 5, .output = 3};
  CHECK(same_json(write_ollama_answer(answer),
                  R"({"model":"m","created_at":"2026-01-01T00:00:00.000Z","message":{"role":"assistant",
    "content":"So.","thinking":"Hm.","tool_calls":[{"id":"c1","function":{"name":"f","arguments":{"a":1}}}]},
    "done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":3})"));
}

TEST_CASE("texts and images stand in messages in a row, and come back as they were") {
  auto c = asking();
  const Image png{Media{.mime = "image/png", .data = "iVBORw0KGgo="}};
  c.messages[0].parts = {{png, {}}, text("a"), {png, {}}, {png, {}}, text("b")};
  const auto got = written(c);
  CHECK(got.warned.empty());
  CHECK(
      same_json(got.body, R"({"model":"m","messages":[{"role":"user","content":"","images":["iVBORw0KGgo="]},
    {"role":"user","content":"a","images":["iVBORw0KGgo=","iVBORw0KGgo="]},{"role":"user","content":"b"}],"stream":false})"));
  const auto doc = json::Doc::parse(got.body);
  CHECK(read_ollama_request(doc->root())->messages == c.messages);
}

TEST_CASE("what Ollama has not is said otherwise, or left out with a warning") {
  auto c = asking();
  Tool a, b;
  a.name = "a";
  b.name = "b";
  b.strict = true;
  c.tools = {a, b};
  c.tool_choice = {.kind = ToolChoice::Kind::named, .name = "b", .parallel = false};
  c.sampling.choices = 2;
  c.messages[0].parts.push_back({Image{Media{.url = "https://e.com/a.png"}}, {}});
  c.thinking.effort = "high";
  const auto got = written(c);
  CHECK(got.warned == std::vector<string>{"dropped messages[0].content[1]", "dropped tools[1].strict",
                                          "changed tool_choice", "dropped parallel_tool_calls",
                                          "dropped thinking", "dropped n"});
  CHECK(same_json(got.body,
                  R"({"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function",
    "function":{"name":"b","description":"","parameters":{"type":"object","properties":{}}}}],"stream":false})"));
  c.tool_choice = {.kind = ToolChoice::Kind::none, .name = {}, .parallel = {}};
  CHECK(written(c).body.find("tools") == string::npos);
}

TEST_CASE("only a model that is known to think is told how") {
  for (const auto& [effort, said] : std::initializer_list<std::pair<string, string>>{
           {"low", "\"low\""}, {"minimal", "\"low\""}, {"max", "\"high\""}, {"none", "false"}}) {
    auto c = asking();
    c.thinking.effort = effort;
    CAPTURE(effort);
    CHECK(json::Doc::parse(written(c, true).body)->root()["think"].raw() == said);
    CHECK(written(c).body.find("think") == string::npos);
    CHECK(written(c, false).body.find("think") == string::npos);
  }
  auto c = asking();
  c.thinking.on = true;
  CHECK(json::Doc::parse(written(c, true).body)->root()["think"].boolean() == true);
}

TEST_CASE("a request that is not Ollama's is refused at its field") {
  for (const auto& [body, field] : std::initializer_list<std::pair<string, string>>{
           {R"({})", "messages"},
           {R"({"messages":[7]})", "messages[0]"},
           {R"({"messages":[{"role":"robot"}]})", "messages[0].role"},
           {R"({"messages":[{"role":"user","content":[]}]})", "messages[0].content"},
           {R"({"messages":[{"role":"user","images":[7]}]})", "messages[0].images[0]"},
           {R"({"messages":[{"role":"assistant","tool_calls":[{}]}]})",
            "messages[0].tool_calls[0].function.name"},
           {R"({"messages":[],"tools":[{}]})", "tools[0].function.name"}}) {
    CAPTURE(body);
    const auto got = read_ollama_request(json::Doc::parse(body)->root());
    REQUIRE_FALSE(got);
    CHECK(got.error().param == field);
  }
}

TEST_CASE("an error of Ollama's is a string, whole and in a line") {
  const auto facts = ollama_chat().read_reply(R"({"error":"model 'x' not found"})");
  REQUIRE(facts);
  CHECK(facts->error_object == R"({"error":"model 'x' not found"})");
  CHECK_FALSE(ollama_chat().read_reply("{}"));
  CHECK_FALSE(ollama_chat().read_reply("[]"));
  CHECK_FALSE(ollama_chat().read_reply("<html>"));
  const Error error{.error_class = ErrorClass::overloaded, .message = "busy"};
  CHECK(ollama_chat().error_body(error, R"({"x":1})") == R"({"error":"busy"})");
  const auto events = events_of(kMine, ollama_chat().error_event(error, {}, {}));
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == StreamEvent::Kind::error);
}
