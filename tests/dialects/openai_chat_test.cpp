#include <doctest/doctest.h>

#include "dialects/openai_chat_request.h"
#include "tests/dialects/golden.h"

using namespace llmgw;
using namespace llmgw::dialects;
using std::string;

namespace {

constexpr auto kMine = Dialect::openai_chat;

Result<Conversation> read(const string& body) {
  const auto doc = json::Doc::parse(body);
  return read_chat_request(doc->root());
}

}  // namespace

TEST_CASE("a request with media, calls, a schema and a choice is read whole") {
  const auto c = read_fixture(kMine, "agent");
  REQUIRE(c.messages.size() == 4);
  CHECK(c.messages[0].role == Role::system);
  CHECK(c.messages[1].name == "ann");
  CHECK(c.messages[1].parts[1].get<Image>()->media.detail == "low");
  CHECK(c.messages[1].parts[2].get<File>()->media.mime == "application/pdf");
  CHECK(c.messages[2].parts[1] == Part{ToolCall{.id = "call_b", .name = "look", .arguments = "{}"}, {}});
  CHECK(c.messages[3].parts.size() == 2);
  CHECK(c.messages[3].parts[0].get<ToolResult>()->name == "look");
  CHECK(c.tool_choice.kind == ToolChoice::Kind::required);
  CHECK(c.tool_choice.parallel == false);
  CHECK(c.format.kind == OutputFormat::Kind::schema);
  CHECK(c.sampling.stop == std::vector<string>{"END"});
  CHECK(c.unmodelled == std::vector<string>{"logprobs"});
}

TEST_CASE("a request reaches Claude with what it can be told") {
  Warnings warnings;
  const auto body = translated_fixture(kMine, "agent", Dialect::anthropic_messages, warnings);
  CAPTURE(body);
  CHECK(same_json(body, fixture(kMine, "agent.as-anthropic-messages.json")));
  CHECK(lines(warnings) == std::vector<string>{"dropped seed"});
}

TEST_CASE("replies and streams of chat completions say the same") {
  for (const string name : {"tools", "refusal", "reasoning", "web_search"}) {
    CAPTURE(name);
    const auto whole = answer_of(kMine, name), streamed = streamed_answer_of(kMine, name);
    CHECK(whole.id == streamed.id);
    CHECK(whole.choices == streamed.choices);
    CHECK(whole.usage == streamed.usage);
    CHECK(relayed(kMine, name, kMine).choices == whole.choices);
    CHECK(relayed(kMine, name, Dialect::openai_responses).choices == whole.choices);
  }
  CHECK(answer_of(kMine, "refusal").choices[0].finish == Finish::refusal);
  CHECK(answer_of(kMine, "reasoning").choices[0].finish == Finish::length);
  CHECK(answer_of(kMine, "tools").usage ==
        observe::Usage{.input = 120, .output = 40, .cached_input = 64, .reasoning = 8});
}

TEST_CASE("calls that come interleaved keep their own arguments on the way to Claude") {
  const auto original = streamed_answer_of(kMine, "tools");
  CHECK(relayed(kMine, "tools", Dialect::anthropic_messages).choices == original.choices);
}

TEST_CASE("the forms before tools, and other servers' own, are read") {
  const auto old =
      read(R"({"messages":[{"role":"assistant","content":null,"function_call":{"name":"f",)"
           R"("arguments":"{}"}},{"role":"function","name":"f","content":"1"}],)"
           R"("functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"}})");
  REQUIRE(old);
  CHECK(old->messages[0].parts[0].get<ToolCall>()->name == "f");
  CHECK(old->messages[1].parts[0].get<ToolResult>()->id == "f");
  CHECK(old->tool_choice.name == "f");
  CHECK(old->tools.size() == 1);

  const auto file = read(R"({"messages":[{"role":"user","content":[{"type":"file","file":)"
                         R"({"filename":"a.pdf","file_data":"JVBERi0="}}]}]})");
  REQUIRE(file);
  CHECK(file->messages[0].parts[0].get<File>()->media ==
        Media{.mime = "application/pdf", .data = "JVBERi0=", .name = "a.pdf"});
}

TEST_CASE("an id of a call that is longer than OpenAI takes is the same short one in call and result") {
  Conversation c;
  const string id(100, 'x');
  c.messages.push_back({Role::assistant, {{ToolCall{.id = id, .name = "f", .arguments = "{}"}, {}}}, {}});
  c.messages.push_back({Role::user, {{ToolResult{.id = id, .name = "f", .content = {}}, {}}}, {}});
  Warnings warnings;
  const auto body = write_chat_request(c, {.model = "m", .kind = "openai"}, warnings);
  const auto doc = json::Doc::parse(body);
  const auto messages = doc->root()["messages"];
  const auto call = messages.at(0)["tool_calls"].at(0)["id"].text();
  CHECK(call.size() <= 40);
  CHECK(call == messages.at(1)["tool_call_id"].text());
}

TEST_CASE("a broken request of OpenAI's names the field") {
  for (const auto& [body, field] : std::initializer_list<std::pair<string, string>>{
           {R"({})", "messages"},
           {R"({"messages":[7]})", "messages[0]"},
           {R"({"messages":[{"role":"robot"}]})", "messages[0].role"},
           {R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})",
            "messages[0].content[0].image_url.url"},
           {R"({"messages":[{"role":"tool","content":"x"}]})", "messages[0].tool_call_id"},
           {R"({"messages":[{"role":"assistant","tool_calls":[{"id":"a"}]}]})",
            "messages[0].tool_calls[0].function.name"},
           {R"({"messages":[],"tools":[{"type":"function","function":{}}]})", "tools[0].function.name"}}) {
    CAPTURE(body);
    const auto c = read(body);
    REQUIRE_FALSE(c);
    CHECK(c.error().param == field);
  }
}

TEST_CASE("a stream's counts are read wherever the vendor puts them, and its cached tokens by any name") {
  const std::string counts = R"({"prompt_tokens":21,"completion_tokens":8,"cached_tokens":4})";
  const std::string last = R"({"index":0,"delta":{},"finish_reason":"stop")";
  for (const std::string& chunk :
       {R"({"choices":[)" + last + R"(}],"usage":)" + counts + "}",             // the API reference
        R"({"choices":[)" + last + R"(}],"x_groq":{"usage":)" + counts + "}}",  // Groq
        R"({"choices":[)" + last + R"(,"usage":)" + counts + "}]}"}) {          // Moonshot
    CAPTURE(chunk);
    const auto reader = codec(kMine)->stream_reader();
    REQUIRE(reader->read({.data = chunk}).has_value());
    CHECK(reader->usage().input == 21);
    CHECK(reader->usage().output == 8);
    CHECK(reader->usage().cached_input == 4);
    auto decoder = codec(kMine)->translation()->decoder();
    std::vector<StreamEvent> events;
    REQUIRE(decoder->decode({.data = chunk}, events).has_value());
    const auto told = std::ranges::find(events, StreamEvent::Kind::usage, &StreamEvent::kind);
    REQUIRE(told != events.end());
    CHECK(told->usage.cached_input == 4);
  }
}

TEST_CASE("an error that stands for the whole reply is one, and no reply without choices") {
  const auto facts = codec(kMine)->read_reply(
      R"({"object":"error","message":"Internal error","type":"InternalServerError","code":500})");
  REQUIRE(facts.has_value());
  CHECK(facts->error_object.find("InternalServerError") != std::string::npos);
  CHECK_FALSE(codec(kMine)->read_reply(R"({"object":"chat.completion","message":"x"})").has_value());
}
