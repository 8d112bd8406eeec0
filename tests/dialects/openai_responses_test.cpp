#include <doctest/doctest.h>

#include "base/text.h"
#include "dialects/custom_tool.h"
#include "dialects/input_text.h"
#include "dialects/responses.h"
#include "tests/dialects/golden.h"

using namespace llmgw;
using namespace llmgw::dialects;
using std::string;

namespace {

constexpr auto kMine = Dialect::openai_responses;

Result<Conversation> read(const string& body) {
  const auto doc = json::Doc::parse(body);
  return read_responses_request(doc->root());
}

const char* state_of(const string& body) {
  Request request;
  request.dialect = kMine;
  request.body = body;
  REQUIRE(codec(kMine)->decode_request(request));
  return request.needs.state;
}

// The types of the events of a stream, in their order, runs of one type as one.
std::vector<string> types(std::string_view bytes) {
  std::vector<string> out;
  int64_t sequence = 0;
  net::SseSplitter splitter;
  splitter.feed(bytes);
  for (auto event = splitter.next(); event && *event; event = splitter.next()) {
    const auto doc = json::Doc::parse((*event)->data);
    REQUIRE(doc);
    CHECK(doc->root()["type"].says((*event)->type));
    CHECK(doc->root()["sequence_number"].integer() == sequence++);
    string type = doc->root()["type"].text();
    type.erase(0, string("response.").size());
    if (out.empty() || out.back() != type) out.push_back(std::move(type));
  }
  return out;
}

}  // namespace

TEST_CASE("Codex's request is read whole") {
  const auto c = read_fixture(kMine, "codex");
  REQUIRE(c.messages.size() == 6);
  CHECK(c.messages[0].role == Role::system);
  CHECK(c.messages[0].parts.size() == 2);
  CHECK(c.messages[2].parts[0] ==
        Part{Reasoning{.text = "**Looking**", .seal = {Issuer::openai, "gAAAAABenc"}}, {}});
  CHECK(c.messages[3].parts[0].get<ToolResult>()->name == "shell");
  CHECK(c.thinking.effort == "medium");
  CHECK(c.thinking.shown == true);
  CHECK(c.tools[1].native_dialect == kMine);
  CHECK(c.cache_key == "0199-session");
  CHECK(c.store == false);
  CHECK(c.unmodelled == std::vector<string>{"text.verbosity"});
  CHECK(state_of(fixture(kMine, "codex.request.json")) == nullptr);
}

TEST_CASE("Codex's request reaches Claude, without what only OpenAI has") {
  Warnings warnings;
  const auto body = translated_fixture(kMine, "codex", Dialect::anthropic_messages, warnings);
  CAPTURE(body);
  CHECK(lines(warnings) == std::vector<string>{"dropped tools[1]", "dropped tools[2]"});
  CHECK(same_json(body, fixture(kMine, "codex.as-anthropic-messages.json")));
}

TEST_CASE("Codex's request goes back to OpenAI with its sealed thoughts") {
  Warnings warnings;
  const auto body = translated_fixture(kMine, "codex", kMine, warnings);
  CHECK(warnings.empty());
  const auto doc = json::Doc::parse(body);
  const auto reasoning = doc->root()["input"].at(2);
  CHECK(reasoning["type"].says("reasoning"));
  CHECK(reasoning["encrypted_content"].says("gAAAAABenc"));
  CHECK(doc->root()["tools"].at(1)["type"].says("custom"));
  CHECK(doc->root()["include"].at(0).says("reasoning.encrypted_content"));
}

TEST_CASE("replies and streams of Responses say the same") {
  for (const string name : {"tools", "incomplete", "refusal"}) {
    CAPTURE(name);
    const auto whole = answer_of(kMine, name), streamed = streamed_answer_of(kMine, name);
    CHECK(whole.id == streamed.id);
    CHECK(whole.model == streamed.model);
    CHECK(whole.choices == streamed.choices);
    CHECK(whole.usage == streamed.usage);
    CHECK(relayed(kMine, name, kMine).choices == whole.choices);
  }
  const auto tools = answer_of(kMine, "tools").choices[0];
  CHECK(tools.parts[0] ==
        Part{Reasoning{.text = "First this.\n\nThen that.", .seal = {Issuer::openai, "gAAAAABsealed"}}, {}});
  CHECK(tools.finish == Finish::tool_calls);
  CHECK(relayed(kMine, "tools", Dialect::anthropic_messages).choices[0] == tools);
  const auto cut = answer_of(kMine, "incomplete").choices[0];
  CHECK(cut.finish == Finish::length);
  CHECK(cut.parts[0].get<Reasoning>()->redacted);
  CHECK(cut.parts[1].get<Text>()->citations.size() == 1);
  CHECK(answer_of(kMine, "refusal").choices[0].finish == Finish::refusal);
}

TEST_CASE("a stream has the vendor's events in the vendor's order") {
  const auto encoder = codec(kMine)->translation()->encoder({.id = "x", .created = 7});
  string bytes;
  for (const auto& event : events_of(kMine, fixture(kMine, "tools.stream.txt")))
    encoder->encode(event, bytes);
  encoder->end(R"({"provider":"p"})", bytes);
  const std::vector<string> message = {"output_item.added", "content_part.added", "output_text.delta",
                                       "output_text.done",  "content_part.done",  "output_item.done"};
  const std::vector<string> call = {"output_item.added", "function_call_arguments.delta",
                                    "function_call_arguments.done", "output_item.done"};
  std::vector<string> expected = {"created",
                                  "in_progress",
                                  "output_item.added",
                                  "reasoning_summary_part.added",
                                  "reasoning_summary_text.delta",
                                  "reasoning_summary_text.done",
                                  "reasoning_summary_part.done",
                                  "output_item.done"};
  expected.insert(expected.end(), message.begin(), message.end());
  expected.insert(expected.end(), call.begin(), call.end());
  expected.insert(expected.end(), call.begin(), call.end());
  expected.push_back("completed");
  CHECK(types(bytes) == expected);
  // The last event holds all, and the gateway's word behind it.
  CHECK(bytes.ends_with("\"extra_fields\":{\"provider\":\"p\"}}}\n\n"));
}

TEST_CASE("a stream that failed hands out the error") {
  const auto events = events_of(kMine, fixture(kMine, "failed.stream.txt"));
  REQUIRE_FALSE(events.empty());
  CHECK(events.back().kind == StreamEvent::Kind::error);
  CHECK(events.back().text.find("The model failed.") != string::npos);
}

TEST_CASE("what comes in no pieces is taken from the items, and those from the last event") {
  string whole = fixture(kMine, "tools.reply.json");
  std::erase(whole, '\n');
  const auto events =
      events_of(kMine, "data: {\"type\":\"response.completed\",\"response\":" + whole + "}\n\n");
  const auto encoder = codec(kMine)->translation()->encoder({.id = "x"});
  string bytes;
  for (const auto& event : events) encoder->encode(event, bytes);
  encoder->end({}, bytes);
  const auto doc = events_of(kMine, bytes);
  CHECK(events.front().kind == StreamEvent::Kind::start);
  CHECK(events.back().kind == StreamEvent::Kind::end);
  CHECK(doc.size() == events.size());
}

TEST_CASE("state that the provider keeps is named, so that no other target gets the request") {
  CHECK(state_of(R"({"model":"m","input":"x","previous_response_id":"resp_1"})") ==
        string("previous_response_id"));
  CHECK(state_of(R"({"model":"m","input":"x","conversation":{"id":"conv_1"}})") == string("conversation"));
  CHECK(state_of(R"({"model":"m","input":"x","background":true})") == string("background"));
  CHECK(state_of(R"({"model":"m","input":"x","prompt":{"id":"pmpt_1"}})") == string("prompt"));
  CHECK(state_of(R"({"model":"m","input":[{"type":"item_reference","id":"msg_1"}]})") ==
        string("item_reference"));
  CHECK(state_of(R"({"model":"m","input":"x","previous_response_id":null,"background":false})") == nullptr);
}

TEST_CASE("allowed tools are the only ones shown, and a choice that has no like is named") {
  const string tools = R"("tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}])";
  const auto allowed = read(R"({"input":"x",)" + tools +
                            R"(,"tool_choice":{"type":"allowed_tools","mode":"required",)"
                            R"("tools":[{"type":"function","name":"b"}]}})");
  REQUIRE(allowed);
  REQUIRE(allowed->tools.size() == 1);
  CHECK(allowed->tools[0].name == "b");
  CHECK(allowed->tool_choice.kind == ToolChoice::Kind::required);
  const auto own = read(R"({"input":"x",)" + tools + R"(,"tool_choice":{"type":"web_search_preview"}})");
  REQUIRE(own);
  CHECK(own->unmodelled == std::vector<string>{"tool_choice"});
}

TEST_CASE("a broken request of Responses names the field") {
  for (const auto& [body, field] : std::initializer_list<std::pair<string, string>>{
           {R"({})", "input"},
           {R"({"input":7})", "input"},
           {R"({"input":[7]})", "input[0]"},
           {R"({"input":[{"role":"robot","content":"x"}]})", "input[0].role"},
           {R"({"input":[{"role":"user","content":[{"text":"x"}]}]})", "input[0].content[0].type"},
           {R"({"input":[{"role":"user","content":[{"type":"input_text"}]}]})", "input[0].content[0].text"},
           {R"({"input":[{"type":"function_call","name":"f"}]})", "input[0].call_id"},
           {R"({"input":[{"type":"function_call_output","output":"x"}]})", "input[0].call_id"},
           {R"({"input":"x","tools":[{"type":"function"}]})", "tools[0].name"}}) {
    CAPTURE(body);
    const auto c = read(body);
    REQUIRE_FALSE(c);
    CHECK(c.error().param == field);
  }
}

TEST_CASE("custom tools and their calls stay what they are for OpenAI, and are functions for others") {
  const auto c = read(R"({"model":"m","input":[
    {"role":"user","content":"go"},
    {"type":"custom_tool_call","call_id":"c1","name":"apply_patch","input":"*** \"x\""},
    {"type":"custom_tool_call_output","call_id":"c1","output":"done"}],
    "tools":[{"type":"custom","name":"apply_patch","format":{"type":"text"}}],
    "tool_choice":{"type":"custom","name":"apply_patch"}})");
  REQUIRE(c);
  Warnings warnings;
  CHECK_FALSE(has_custom_tools(*c, kMine));
  const string same = write_responses_request(*c, {.model = "m"}, warnings);
  const auto doc = json::Doc::parse(same).value();
  CHECK(doc.root()["input"].at(1)["type"].says("custom_tool_call"));
  CHECK(doc.root()["input"].at(1)["input"].says("*** \"x\""));
  CHECK(doc.root()["input"].at(2)["type"].says("custom_tool_call_output"));
  CHECK(doc.root()["tools"].at(0)["type"].says("custom"));
  CHECK(doc.root()["tool_choice"]["type"].says("custom"));

  std::vector<string> names;
  REQUIRE(has_custom_tools(*c, Dialect::anthropic_messages));
  const auto other = custom_tools_as_functions(*c, Dialect::anthropic_messages, names, warnings);
  CHECK(names == std::vector<string>{"apply_patch"});
  CHECK(warnings.empty());  // nothing is lost without a grammar
  const string claude =
      codec(Dialect::anthropic_messages)->translation()->write_request(other, {.model = "m"}, warnings);
  const auto said = json::Doc::parse(claude).value();
  CHECK(said.root()["messages"].at(1)["content"].at(0)["input"]["input"].says("*** \"x\""));
  CHECK(said.root()["tool_choice"]["name"].says("apply_patch"));
  CHECK(warnings.empty());
}

TEST_CASE("the text of a custom tool is read out of a function's arguments, however they are cut") {
  struct Case {
    std::string_view arguments, text;
  };
  for (const auto& [arguments, text] : {Case{R"({"input":"plain"})", "plain"},
                                        {R"( { "input" : "a\n\u00e9\ud83d\ude80\"\\" } )", "a\né🚀\"\\"},
                                        {R"({"input":""})", ""},
                                        {R"({})", ""},
                                        {"", ""},
                                        {R"({"note":1,"input":"x"})", "x"},
                                        {R"({"patch":"x"})", R"({"patch":"x"})"},
                                        {"no json", "no json"},
                                        {"{\"input\":\"a\nb\"}", "a\nb"}}) {
    CAPTURE(arguments);
    CHECK(custom_input(arguments) == text);
    InputText pieces;
    string out;
    for (size_t at = 0, size = 1; at < arguments.size(); at += size, size = 1) {
      // A character is never cut: what comes is the text of whole events.
      while (at + size < arguments.size() &&
             (static_cast<unsigned char>(arguments[at + size]) & 0xC0) == 0x80)
        ++size;
      out += pieces.feed(arguments.substr(at, size));
    }
    CHECK(out + pieces.finish() == text);
  }
}
