// docs: "HTTP"; fixtures: tests/wire/gemini.
#include "dialects/gemini.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "dialects/openai.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

std::string wire(const std::string& name) {
  std::ifstream file("tests/wire/gemini/" + name, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  REQUIRE_MESSAGE(!out.str().empty(), name);
  return out.str();
}

Conversation read(const std::string& body) {
  const auto doc = json::Doc::parse(body);
  REQUIRE(doc);
  auto out = read_gemini_request(doc->root());
  REQUIRE_MESSAGE(out.has_value(), (out ? "" : out.error().message));
  return std::move(*out);
}

std::string param_of_refusal(const std::string& body) {
  const auto doc = json::Doc::parse(body);
  REQUIRE(doc);
  const auto out = read_gemini_request(doc->root());
  REQUIRE(!out);
  CHECK(out.error().error_class == ErrorClass::bad_request);
  return out.error().param;
}

struct Written {
  std::string body;
  Warnings warnings;
  std::optional<json::Doc> doc;
  json::Value root() const { return doc->root(); }
  bool warned(std::string_view code, std::string_view field) const {
    return std::ranges::find(warnings, observe::Warning{std::string(code), std::string(field)}) !=
           warnings.end();
  }
};

Written write(const Conversation& c, Writing target = {.model = "gemini-2.5-flash", .kind = "gemini"}) {
  Written out;
  out.body = write_gemini_request(c, target, out.warnings);
  auto doc = json::Doc::parse(out.body);
  REQUIRE_MESSAGE(doc.has_value(), out.body);
  out.doc = std::move(*doc);
  return out;
}

Part text(std::string what) {
  return {Text{.text = std::move(what), .citations = {}}, {}};
}
Part call(std::string id, std::string arguments = "{}", Seal seal = {}) {
  return {
      ToolCall{.id = std::move(id), .name = "f", .arguments = std::move(arguments), .seal = std::move(seal)},
      {}};
}
Part result(std::string id, std::string said, bool error = false) {
  return {ToolResult{.id = std::move(id), .name = "f", .content = {text(std::move(said))}, .error = error},
          {}};
}
Conversation talk(std::vector<Message> messages) {
  Conversation c;
  c.messages = std::move(messages);
  return c;
}

std::vector<StreamEvent> decode(std::string_view bytes) {
  net::SseSplitter splitter;
  splitter.feed(bytes);
  const auto decoder = gemini_event_decoder();
  std::vector<StreamEvent> out;
  for (auto event = splitter.next(); event && *event; event = splitter.next())
    REQUIRE(decoder->decode(**event, out));
  return out;
}

std::string encode(const std::vector<StreamEvent>& events) {
  const auto encoder = gemini_event_encoder({.id = "r9", .created = 1, .extra_fields = {}});
  std::string out;
  for (const auto& event : events) encoder->encode(event, out);
  encoder->end("{\"never\":1}", out);
  return out;
}

std::string joined(const std::vector<StreamEvent>& events, StreamEvent::Kind kind, int part) {
  std::string out;
  for (const auto& e : events) {
    if (e.kind == kind && e.part == part) out += e.text;
  }
  return out;
}

const StreamEvent* last(const std::vector<StreamEvent>& events, StreamEvent::Kind kind) {
  const StreamEvent* found = nullptr;
  for (const auto& e : events) {
    if (e.kind == kind) found = &e;
  }
  return found;
}

}  // namespace

TEST_CASE("a generateContent request says to others all that they know") {
  const auto c = read(wire("request.json"));
  REQUIRE(c.messages.size() == 2);
  CHECK(c.messages[0].role == Role::system);
  CHECK(c.messages[0].parts[0].get<Text>()->text == "Be brief.");
  const auto& parts = c.messages[1].parts;
  REQUIRE(parts.size() == 3);
  CHECK(parts[1].get<Image>()->media == Media{.mime = "image/png", .data = "+/8="});
  CHECK(parts[2].get<File>()->media == Media{.mime = "application/pdf", .url = "https://example.org/a.pdf"});
  REQUIRE(c.tools.size() == 3);
  CHECK(c.tools[0].name == "weather");
  CHECK(c.tools[0].parameters ==
        R"({"type":"object","properties":{"city":{"type":["string","null"],"minLength":1},)"
        R"("days":{"type":"array","items":{"type":"integer"},"maxItems":7}},"required":["city"]})");
  CHECK(c.tools[1].parameters == R"({"type": "object", "properties": {}})");
  CHECK(c.tools[2].native == R"({"googleSearch":{}})");
  CHECK(c.tool_choice == ToolChoice{.kind = ToolChoice::Kind::named, .name = "weather", .parallel = {}});
  CHECK(c.format.kind == OutputFormat::Kind::schema);
  CHECK(c.format.schema == R"({"type":"object","properties":{"a":{"type":"number"}}})");
  CHECK(c.thinking == Thinking{.on = true, .effort = {}, .budget = 2048, .shown = true});
  CHECK(c.sampling == Sampling{.max_output = 100,
                               .temperature = 0.5,
                               .top_p = 0.9,
                               .frequency_penalty = 0.2,
                               .presence_penalty = 0.1,
                               .top_k = 40,
                               .seed = 7,
                               .stop = {"END"},
                               .choices = 2});
  CHECK(c.unmodelled == std::vector<std::string>{"generationConfig.responseLogprobs", "safetySettings"});
}

TEST_CASE("the spelling of Protobuf is read as that of JSON") {
  const auto c = read(wire("request_snake.json"));
  REQUIRE(c.messages.size() == 2);
  CHECK(c.messages[1].parts[1].get<Image>()->media.data == "+/8=");
  CHECK(c.tools.at(0).parameters == R"({"type":"object","properties":{"city":{"type":"string"}}})");
  CHECK(c.tool_choice.kind == ToolChoice::Kind::automatic);
  CHECK(c.sampling.max_output == 100);
  CHECK(c.sampling.top_k == 40);
  CHECK(c.thinking.effort == "high");
  CHECK(c.unmodelled.empty());
}

TEST_CASE("calls without ids get one each, and results find theirs by name and order") {
  const auto c = read(wire("turns.json"));
  REQUIRE(c.messages.size() == 3);
  const auto& said = c.messages[1].parts;
  REQUIRE(said.size() == 3);
  CHECK(said[0].get<Reasoning>()->text == "Let me think.");
  const auto *rome = said[1].get<ToolCall>(), *oslo = said[2].get<ToolCall>();
  CHECK(rome->seal == Seal{Issuer::gemini, "c2lnMQ=="});
  CHECK(rome->arguments == R"({"city": "Rome"})");
  CHECK(!rome->id.empty());
  CHECK(rome->id != oslo->id);
  const auto *sunny = c.messages[2].parts.at(0).get<ToolResult>(),
             *none = c.messages[2].parts.at(1).get<ToolResult>();
  CHECK(sunny->id == rome->id);
  CHECK(joined_text(sunny->content) == "sunny");
  CHECK(none->id == oslo->id);
  CHECK(none->error);
  CHECK(joined_text(none->content) == "no such city");
  CHECK(read(wire("turns.json")) == c);
}

TEST_CASE("a request that cannot be read is refused with the field's path") {
  for (const auto& [body, path] : std::vector<std::pair<std::string, std::string>>{
           {R"({})", "contents"},
           {R"({"contents":"hi"})", "contents"},
           {R"({"contents":["hi"]})", "contents[0]"},
           {R"({"contents":[{"role":"system","parts":[]}]})", "contents[0].role"},
           {R"({"contents":[{"parts":"hi"}]})", "contents[0].parts"},
           {R"({"contents":[{"parts":[1]}]})", "contents[0].parts[0]"},
           {R"({"contents":[{"parts":[{"functionCall":{}}]}]})", "contents[0].parts[0].functionCall.name"},
           {R"({"contents":[{"parts":[{"functionResponse":{}}]}]})",
            "contents[0].parts[0].functionResponse.name"},
           {R"({"contents":[],"systemInstruction":1})", "systemInstruction"},
           {R"({"contents":[],"tools":{}})", "tools"},
           {R"({"contents":[],"tools":[{"functionDeclarations":[{}]}]})",
            "tools[0].functionDeclarations[0].name"},
           {R"({"contents":[],"generationConfig":3})", "generationConfig"},
       }) {
    CAPTURE(body);
    CHECK(param_of_refusal(body) == path);
  }
}

TEST_CASE("what both sides can say survives being written and read again") {
  auto c = read(wire("request.json"));
  c.unmodelled.clear();
  const auto written = write(c);
  CAPTURE(written.body);
  CHECK(read(written.body) == c);
  CHECK(written.warnings.empty());
  CHECK(written.root()["tools"].at(0)["functionDeclarations"].at(0)["parametersJsonSchema"]["type"].says(
      "object"));

  const auto turns = read(wire("turns.json"));
  auto again = read(write(turns).body);
  // A past thought without a seal is told to nobody.
  auto expected = turns;
  expected.messages[1].parts.erase(expected.messages[1].parts.begin());
  CHECK(again == expected);
}

TEST_CASE("roles come in turn, and the first is the user's") {
  const auto written = write(talk({{Role::system, {text("be brief")}, ""},
                                   {Role::assistant, {text("hi")}, ""},
                                   {Role::system, {text("and kind")}, ""},
                                   {Role::assistant, {text("there")}, ""},
                                   {Role::user, {text("go on")}, ""}}));
  const auto contents = written.root()["contents"];
  REQUIRE(contents.size() == 3);
  CHECK(contents.at(0)["role"].says("user"));
  CHECK(contents.at(1)["role"].says("model"));
  CHECK(contents.at(1)["parts"].size() == 2);
  CHECK(written.root()["systemInstruction"]["parts"].size() == 2);
  CHECK(written.warned("added", "messages[0]"));
  CHECK(written.warned("changed", "messages[2]"));
}

TEST_CASE("each call has one result right behind it, in the calls' order, and each result is an object") {
  const auto written = write(talk({{Role::user, {text("do")}, ""},
                                   {Role::assistant, {call("a"), call("b"), call("c"), call("d")}, ""},
                                   {Role::user,
                                    {text("and?"), result("c", R"({"x":1})"), result("b", "boom", true),
                                     result("a", "plain"), result("z", "whose?")},
                                    ""}}));
  const auto parts = written.root()["contents"].at(2)["parts"];
  REQUIRE(parts.size() == 6);
  auto response = [&](size_t i) { return parts.at(i)["functionResponse"]["response"].raw(); };
  CHECK(response(0) == R"({"output":"plain"})");
  CHECK(response(1) == R"({"error":"boom"})");
  CHECK(response(2) == R"({"x":1})");
  CHECK(response(3) == R"({"error":"no result was given"})");
  CHECK(parts.at(4)["text"].says("whose?"));
  CHECK(parts.at(5)["text"].says("and?"));
  CHECK(parts.at(0)["functionResponse"]["id"].says("a"));
  CHECK(written.warned("added", "messages[1].content[3]"));
  CHECK(written.warned("changed", "messages[2].content[4]"));
}

TEST_CASE(
    "a seal goes back to Gemini alone; where Gemini 3 wants one that cannot be, its skip marker stands") {
  const auto c = talk({{Role::user, {text("do")}, ""},
                       {Role::assistant, {call("a", "{}", {Issuer::gemini, "s1"}), call("b")}, ""},
                       {Role::user, {result("a", "1"), result("b", "2")}, ""},
                       {Role::assistant, {call("c", "{}", {Issuer::anthropic, "s2"}), call("d")}, ""},
                       {Role::user, {result("c", "3"), result("d", "4")}, ""}});
  for (const auto& [model, marker] : std::vector<std::pair<std::string, std::string>>{
           {"gemini-3-pro-preview", std::string(kNoSignature)}, {"gemini-2.5-pro", ""}}) {
    CAPTURE(model);
    const auto written = write(c, {.model = model, .kind = "gemini"});
    const auto contents = written.root()["contents"];
    CHECK(contents.at(1)["parts"].at(0)["thoughtSignature"].says("s1"));
    CHECK(!contents.at(1)["parts"].at(1)["thoughtSignature"]);
    CHECK(contents.at(3)["parts"].at(0)["thoughtSignature"].text() == marker);
    CHECK(!contents.at(3)["parts"].at(1)["thoughtSignature"]);
    CHECK(written.warned("changed", "messages[3].content[0]") == !marker.empty());
    CHECK(written.body.find("s2") == std::string::npos);
  }
}

TEST_CASE("thinking is asked for in the model's own way") {
  struct Case {
    std::string model;
    Thinking thinking;
    std::string expected;
    bool warned = false;
  };
  auto effort = [](std::string word) {
    return Thinking{.on = {}, .effort = std::move(word), .budget = {}, .shown = {}};
  };
  auto budget = [](int64_t n) { return Thinking{.on = true, .effort = {}, .budget = n, .shown = {}}; };
  for (const auto& [model, thinking, expected, warned] : std::vector<Case>{
           {"gemini-2.5-flash", effort("high"), R"({"thinkingBudget":24576,"includeThoughts":true})"},
           {"gemini-2.5-flash", effort("none"), R"({"thinkingBudget":0,"includeThoughts":false})"},
           {"gemini-2.5-pro", effort("none"), R"({"thinkingBudget":128,"includeThoughts":false})", true},
           {"gemini-2.5-pro", budget(100'000), R"({"thinkingBudget":32768,"includeThoughts":true})", true},
           {"gemini-2.5-pro",
            {.on = true, .effort = {}, .budget = {}, .shown = false},
            R"({"thinkingBudget":-1,"includeThoughts":false})"},
           {"gemini-3-flash", effort("medium"), R"({"thinkingLevel":"MEDIUM","includeThoughts":true})"},
           {"gemini-3-flash", effort("none"), R"({"thinkingLevel":"MINIMAL","includeThoughts":false})", true},
           {"gemini-3.1-pro-preview", effort("minimal"), R"({"thinkingLevel":"LOW","includeThoughts":true})"},
           {"gemini-4-argon", budget(2048), R"({"thinkingLevel":"MEDIUM","includeThoughts":true})"},
           {"gemini-2.0-flash", effort("high"), "", true},
           {"gemini-2.0-flash", effort("none"), ""},
           {"gemini-2.5-pro", {}, ""},
       }) {
    CAPTURE(model);
    CAPTURE(expected);
    auto c = talk({{Role::user, {text("hi")}, ""}});
    c.thinking = thinking;
    const auto written = write(c, {.model = model, .kind = "gemini"});
    CHECK(written.root()["generationConfig"]["thinkingConfig"].raw() == expected);
    CHECK(!written.warnings.empty() == warned);
  }
}

TEST_CASE("what Gemini cannot be told is named") {
  auto c = talk({{Role::user, {text("hi"), {File{Media{.file_id = "file-1"}}, {}}}, "bob"}});
  c.user = "u";
  c.metadata = {{"a", "b"}};
  c.service_tier = "priority";
  c.tools = {{.name = "f", .strict = true},
             {.name = "web", .native = "{}", .native_dialect = Dialect::openai_chat}};
  c.tool_choice.parallel = false;
  c.sampling.seed = int64_t{1} << 40;
  c.sampling.stop = {"1", "2", "3", "4", "5", "6"};
  const auto written = write(c);
  for (const auto& [code, field] :
       std::vector<std::pair<std::string, std::string>>{{"dropped", "messages[0].name"},
                                                        {"dropped", "messages[0].content[1]"},
                                                        {"dropped", "user"},
                                                        {"dropped", "metadata"},
                                                        {"dropped", "service_tier"},
                                                        {"dropped", "tools[1]"},
                                                        {"dropped", "parallel_tool_calls"},
                                                        {"changed", "tools[0].strict"},
                                                        {"changed", "seed"},
                                                        {"changed", "stop"}}) {
    CAPTURE(field);
    CHECK(written.warned(code, field));
  }
  CHECK(written.warnings.size() == 10);
}

TEST_CASE("a whole answer is read with its thoughts, seals, counts and sources") {
  const auto answer = read_gemini_answer(wire("reply.json")).value();
  CHECK(answer.id == "abc123");
  CHECK(answer.model == "gemini-2.5-flash");
  const auto& parts = answer.choices.at(0).parts;
  REQUIRE(parts.size() == 3);
  CHECK(parts[0].get<Reasoning>()->text == "I add.");
  CHECK(joined_text(parts) == "It is four.");
  CHECK(parts[2].get<Text>()->seal == Seal{Issuer::gemini, "c2lnMg=="});
  CHECK(answer.choices[0].finish == Finish::stop);
  CHECK(answer.usage == observe::Usage{.input = 10, .output = 23, .cached_input = 4, .reasoning = 20});

  const auto tools = read_gemini_answer(wire("reply_tools.json")).value();
  CHECK(tools.choices.at(0).finish == Finish::tool_calls);
  CHECK(tools.choices[0].parts.at(0).get<ToolCall>()->seal.data == "c2lnMQ==");
  CHECK(tools.choices[0].parts[0].get<ToolCall>()->id.starts_with("call_"));
  CHECK(tools.choices[0].parts.at(1).get<ToolCall>()->id == "own-1");
  CHECK(read_gemini_answer(wire("reply_tools.json")).value().choices == tools.choices);

  const auto grounded = read_gemini_answer(wire("reply_grounded.json")).value();
  const auto& citations = grounded.choices.at(0).parts.at(0).get<Text>()->citations;
  REQUIRE(citations.size() == 1);
  // "Zürich " is eight bytes, and seven characters.
  CHECK(citations[0] ==
        Citation{.url = "https://example.org/z", .title = "example.org", .quote = {}, .begin = 7, .end = 25});
  CHECK(grounded.usage.input == 7);
}

TEST_CASE("an answer survives being written and read again") {
  for (const auto* name : {"reply.json", "reply_tools.json", "reply_grounded.json"}) {
    CAPTURE(name);
    const auto answer = read_gemini_answer(wire(name)).value();
    const auto again = read_gemini_answer(write_gemini_answer(answer)).value();
    CHECK(again.choices == answer.choices);
    CHECK(again.usage == answer.usage);
    CHECK(again.id == answer.id);
  }
}

TEST_CASE("why an answer ended keeps its meaning") {
  for (const auto& [reason, finish] :
       std::vector<std::pair<std::string, Finish>>{{"STOP", Finish::stop},
                                                   {"MAX_TOKENS", Finish::length},
                                                   {"SAFETY", Finish::filter},
                                                   {"RECITATION", Finish::filter},
                                                   {"BLOCKLIST", Finish::filter},
                                                   {"PROHIBITED_CONTENT", Finish::filter},
                                                   {"SPII", Finish::filter},
                                                   {"MALFORMED_FUNCTION_CALL", Finish::failed},
                                                   {"OTHER", Finish::failed}}) {
    CAPTURE(reason);
    CHECK(gemini_finish(reason, false) == finish);
    CHECK(gemini_finish(gemini_finish_reason(finish, true), false) == finish);
  }
  CHECK(gemini_finish("STOP", true) == Finish::tool_calls);
}

TEST_CASE("a reply is an answer, an error, or a blocked prompt, which is one too") {
  const auto& codec = gemini_generate();
  CHECK(codec.read_reply(wire("reply.json"))->usage.output == 23);
  CHECK(!codec.read_reply(wire("reply.json"))->object);
  CHECK(codec.read_reply(R"({"error":{"code":503,"message":"x"}})")->error_object ==
        R"({"code":503,"message":"x"})");
  const auto blocked = codec.read_reply(wire("reply_blocked.json")).value();
  CHECK(blocked.error_made);
  CHECK(blocked.error_object.find("PROHIBITED_CONTENT") != std::string::npos);
  for (const auto* body : {"{}", "[]", "<html>", R"({"candidates":[]})"}) {
    CAPTURE(body);
    CHECK(codec.read_reply(body).error().error_class == ErrorClass::invalid_response);
  }
}

TEST_CASE("an error that Google wraps in an array is one; an array of anything else is no reply") {
  const auto& gemini = *codec(Dialect::gemini_generate);
  const auto facts =
      gemini.read_reply(R"([{"error":{"code":503,"status":"UNAVAILABLE","message":"overloaded"}}])");
  REQUIRE(facts.has_value());
  CHECK(facts->error_object.find("UNAVAILABLE") != std::string::npos);
  for (const char* wrong : {"[]", "[1]", R"([{"candidates":[{}]}])", "[[{\"error\":{}}]]"})
    CHECK_FALSE(gemini.read_reply(wrong).has_value());
}

TEST_CASE("a stream is read piece by piece: thoughts, text, its seal, the counts") {
  using Kind = StreamEvent::Kind;
  const auto events = decode(wire("stream.txt"));
  CHECK(events.front().kind == Kind::start);
  CHECK(events.front().id == "r1");
  CHECK(joined(events, Kind::reasoning, 0) == "Let me see.");
  CHECK(joined(events, Kind::text, 1) == "Hello there");
  REQUIRE(last(events, Kind::seal));
  CHECK(last(events, Kind::seal)->part == 1);
  CHECK(last(events, Kind::seal)->seal == Seal{Issuer::gemini, "c2lnMg=="});
  CHECK(last(events, Kind::finish)->finish == Finish::stop);
  CHECK(last(events, Kind::usage)->usage == observe::Usage{.input = 10, .output = 7, .reasoning = 5});
}

TEST_CASE("a stream's calls come whole, each with an id") {
  using Kind = StreamEvent::Kind;
  const auto events = decode(wire("stream_tools.txt"));
  std::vector<std::string> ids;
  for (const auto& e : events) {
    if (e.kind == Kind::tool_call) ids.push_back(e.id);
  }
  REQUIRE(ids.size() == 3);
  CHECK(ids[0] != ids[1]);
  CHECK(ids[2] == "own-1");
  CHECK(joined(events, Kind::arguments, 1) == R"({"city":"Oslo"})");
  CHECK(last(events, Kind::seal)->part == 0);
  CHECK(last(events, Kind::finish)->finish == Finish::tool_calls);
}

TEST_CASE("a stream's error, or a blocked prompt, stands in place of its next event") {
  using Kind = StreamEvent::Kind;
  const auto broken = decode(wire("stream_error.txt"));
  CHECK(broken.back().kind == Kind::error);
  CHECK(broken.back().text.find("UNAVAILABLE") != std::string::npos);
  const auto blocked = decode("data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\r\n\r\n");
  REQUIRE(blocked.size() == 1);
  CHECK(blocked[0].kind == Kind::error);
}

TEST_CASE("a stream survives being written and read again") {
  using Kind = StreamEvent::Kind;
  for (const auto* name : {"stream.txt", "stream_tools.txt"}) {
    CAPTURE(name);
    const auto events = decode(wire(name));
    const auto again = decode(encode(events));
    for (int part = 0; part < 3; ++part) {
      for (const auto kind : {Kind::text, Kind::reasoning, Kind::arguments})
        CHECK(joined(again, kind, part) == joined(events, kind, part));
    }
    CHECK(last(again, Kind::finish)->finish == last(events, Kind::finish)->finish);
    CHECK(last(again, Kind::usage)->usage.output == last(events, Kind::usage)->usage.output);
    CHECK(last(again, Kind::seal)->seal == last(events, Kind::seal)->seal);
  }
}

TEST_CASE("a stream to a client is data lines alone, without an end marker or what its SDK drops") {
  using Kind = StreamEvent::Kind;
  const auto out = encode({{.kind = Kind::start, .id = "x", .name = "m", .usage = {}},
                           {.kind = Kind::text, .text = "Hi", .usage = {}},
                           {.kind = Kind::tool_call, .part = 1, .id = "c1", .name = "f", .usage = {}},
                           {.kind = Kind::tool_call, .part = 2, .id = "c2", .name = "g", .usage = {}},
                           {.kind = Kind::arguments, .part = 1, .text = "{\"a\":", .usage = {}},
                           {.kind = Kind::arguments, .part = 2, .text = "{}", .usage = {}},
                           {.kind = Kind::arguments, .part = 1, .text = "1}", .usage = {}},
                           {.kind = Kind::finish, .finish = Finish::tool_calls, .usage = {}},
                           {.kind = Kind::usage, .usage = {.input = 3, .output = 4}}});
  CHECK(out.find("never") == std::string::npos);
  CHECK(out.find("DONE") == std::string::npos);
  size_t events = 0;
  for (size_t at = 0; at < out.size(); ++events) {
    CHECK(out.substr(at, 6) == "data: ");
    const size_t end = out.find("\r\n\r\n", at);
    REQUIRE(end != std::string::npos);
    CHECK(out.substr(at, end - at).find('\n') == std::string::npos);
    at = end + 4;
  }
  CHECK(events == 4);
  CHECK(
      out.find(R"({"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"skip_thought)") !=
      std::string::npos);
  CHECK(out.find(R"({"functionCall":{"id":"c2","name":"g","args":{}}})") != std::string::npos);
}

TEST_CASE("another vendor's seal passes through a Gemini client and back") {
  const Answer answer{
      .id = "x",
      .model = "claude",
      .choices = {
          {.parts = {{Reasoning{.text = "hm", .seal = {Issuer::anthropic, "sealed"}}, {}}, text("yes")}}}};
  const auto written = write_gemini_answer(answer);
  const auto doc = json::Doc::parse(written).value();
  CHECK(has_marked_seal(written));
  const auto content = std::string(doc.root()["candidates"].at(0)["content"].raw());
  const auto c = read(R"({"contents":[{"role":"user","parts":[{"text":"?"}]},)" + content + "]}");
  CHECK(c.messages.at(1).parts.at(0).get<Reasoning>()->seal == Seal{Issuer::anthropic, "sealed"});
  CHECK(write(c).body.find("sealed") == std::string::npos);
  // As a client collects it from a stream: in pieces, the signature alone at last.
  const auto pieces =
      read(R"({"contents":[{"role":"model","parts":[{"text":"h","thought":true},{"text":"m","thought":true},)"
           R"({"text":"","thought":true,"thoughtSignature":")" +
           sealed_for(Issuer::gemini, {Issuer::anthropic, "s"}) + R"("}]}]})");
  REQUIRE(pieces.messages.at(0).parts.size() == 1);
  CHECK(*pieces.messages[0].parts[0].get<Reasoning>() ==
        Reasoning{.text = "hm", .seal = {Issuer::anthropic, "s"}});
}

TEST_CASE("errors have the names of google.rpc.Code, and the body's model gives way to the path's") {
  for (const auto& [error_class, code, status] : std::vector<std::tuple<ErrorClass, int, std::string>>{
           {ErrorClass::rate_limit, 429, "RESOURCE_EXHAUSTED"},
           {ErrorClass::auth, 401, "UNAUTHENTICATED"},
           {ErrorClass::policy, 403, "PERMISSION_DENIED"},
           {ErrorClass::bad_request, 400, "INVALID_ARGUMENT"},
           {ErrorClass::model_unavailable, 404, "NOT_FOUND"},
           {ErrorClass::overloaded, 503, "UNAVAILABLE"},
           {ErrorClass::timeout, 504, "DEADLINE_EXCEEDED"},
           {ErrorClass::server_error, 500, "INTERNAL"}}) {
    CAPTURE(status);
    const auto body = gemini_generate().error_body(
        {.error_class = error_class, .status = code, .message = "no", .retry_after = 1500ms}, "");
    const auto doc = json::Doc::parse(body).value();
    CHECK(doc.root()["error"]["code"].integer() == code);
    CHECK(doc.root()["error"]["status"].says(status));
    CHECK(doc.root()["error"]["message"].says("no"));
    CHECK(doc.root()["error"]["details"].at(0)["retryDelay"].says("2s"));
  }
  CHECK(
      gemini_generate().error_event({.message = "no"}, {}, "").starts_with("data: {\"error\":{\"code\":400"));

  Request request;
  request.dialect = Dialect::gemini_generate;
  request.model = "gemini-x";
  request.stream = true;
  request.body = R"({"model":"models/other","contents":[{"parts":[{"text":"hi"}]}],"fallbacks":["a/b"]})";
  REQUIRE(gemini_generate().decode_request(request));
  CHECK(request.model == "gemini-x");
  CHECK(request.stream);
  CHECK(request.fallbacks == std::vector<std::string>{"a/b"});
  json::Edit edit(request.doc->root());
  gemini_generate().edit_request(request, "gemini-y", true, edit);
  CHECK(edit.apply() == R"({"contents":[{"parts":[{"text":"hi"}]}]})");
}
