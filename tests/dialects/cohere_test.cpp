#include "dialects/cohere.h"

#include <doctest/doctest.h>

#include "dialects/reading.h"
#include "tests/dialects/golden.h"

using namespace llmgw;
using namespace llmgw::dialects;
using std::string;

namespace {

constexpr auto kMine = Dialect::cohere_chat;

Result<Conversation> read(const string& body) {
  const auto doc = json::Doc::parse(body);
  REQUIRE(doc);
  return read_cohere_request(doc->root());
}

// What Cohere gets for a conversation.
struct Written {
  string body;
  std::vector<string> warned;
};
Written written(const Conversation& c, std::optional<bool> thinks = {}, std::optional<int64_t> most = {}) {
  Warnings warnings;
  string body = write_cohere_request(
      c, {.model = "m", .kind = "cohere", .max_output = most, .thinks = thinks}, warnings);
  return {std::move(body), lines(warnings)};
}

Conversation asking() {
  Conversation c;
  c.messages.push_back({Role::user, {{Text{.text = "hi", .citations = {}}, {}}}, {}});
  return c;
}
Tool tool(const string& name, std::optional<bool> strict = {}) {
  Tool out;
  out.name = name;
  out.strict = strict;
  return out;
}

// The steps of a stream's events, in their order.
std::vector<StreamStep> steps(std::string_view bytes) {
  const auto reader = cohere_chat().stream_reader();
  net::SseSplitter splitter;
  splitter.feed(bytes);
  std::vector<StreamStep> out;
  for (auto event = splitter.next(); event && *event; event = splitter.next()) {
    auto step = reader->read(**event);
    REQUIRE(step);
    out.push_back(std::move(*step));
  }
  return out;
}

}  // namespace

TEST_CASE("a request of Cohere's is read whole") {
  const auto c = read_fixture(kMine, "agent");
  REQUIRE(c.messages.size() == 4);
  CHECK(c.messages[0].role == Role::system);
  CHECK(c.messages[1].parts[1].get<Image>()->media.detail == "low");
  const auto& said = c.messages[2].parts;
  REQUIRE(said.size() == 3);
  CHECK(said[0].get<Reasoning>()->text == "The weather needs a call.");
  CHECK(said[1].get<Text>()->text == "I will look up the weather in Köln.");
  CHECK(said[2].get<ToolCall>()->arguments == R"({"city":"Köln"})");
  const auto& asked = c.messages[3].parts;
  REQUIRE(asked.size() == 4);
  const auto* result = asked[0].get<ToolResult>();
  REQUIRE(result != nullptr);
  CHECK(result->name == "get_weather");
  CHECK(joined_text(result->content) == R"(Rain until noon{"wind": "north", "knots": "12"})");
  // The documents stand before the question that they are for.
  CHECK(asked[1].get<Text>()->text == "<document id=\"doc:0\">\nUmbrellas are in the hall.\n</document>");
  CHECK(asked[2].get<Text>()->text ==
        "<document id=\"handbook\">\n{\"title\": \"Handbook\", \"snippet\": \"Close the "
        "windows.\"}\n</document>");
  CHECK(asked[3].get<Text>()->text == "And by the handbook?");
  CHECK(c.tools[0].strict == true);
  CHECK(c.tool_choice.kind == ToolChoice::Kind::required);
  CHECK(c.thinking.on == true);
  CHECK(c.thinking.budget == 2048);
  CHECK(c.sampling.top_k == 40);
  CHECK(c.sampling.top_p == 0.75);
  CHECK(c.unmodelled == std::vector<string>{"citation_options"});
}

TEST_CASE("Cohere's request reaches Claude, documents and all") {
  Warnings warnings;
  const auto body = translated_fixture(kMine, "agent", Dialect::anthropic_messages, warnings);
  CAPTURE(body);
  CHECK(same_json(body, fixture(kMine, "agent.as-anthropic-messages.json")));
  CHECK(lines(warnings) ==
        std::vector<string>{"thinking_off thinking", "dropped frequency_penalty", "dropped seed"});
}

TEST_CASE("replies and streams of Cohere say the same, as they do behind another vendor's stream") {
  for (const string name : {"tools", "cited"}) {
    CAPTURE(name);
    const auto whole = answer_of(kMine, name), streamed = streamed_answer_of(kMine, name);
    CHECK(whole.id == streamed.id);
    CHECK(whole.choices == streamed.choices);
    CHECK(whole.usage == streamed.usage);
    CHECK(relayed(kMine, name, kMine).choices == whole.choices);
    CHECK(relayed(kMine, name, Dialect::openai_chat).choices[0].finish == whole.choices[0].finish);
  }
  const auto tools = answer_of(kMine, "tools");
  REQUIRE(tools.choices[0].parts.size() == 3);
  CHECK(tools.choices[0].parts[0].get<Text>()->text == "I will look up the weather in both cities.");
  CHECK(tools.choices[0].parts[2].get<ToolCall>()->arguments == "{}");
  CHECK(tools.choices[0].finish == Finish::tool_calls);
  // What is billed, not what is counted.
  CHECK(tools.usage == observe::Usage{.input = 25, .output = 31, .cached_input = 16});
  const auto cited = answer_of(kMine, "cited");
  const auto& citations = cited.choices[0].parts[1].get<Text>()->citations;
  REQUIRE(citations.size() == 2);
  CHECK(citations[0] == Citation{.url = "https://example.com/w",
                                 .title = "Weather",
                                 .quote = "Rain over Köln",
                                 .begin = 5,
                                 .end = 9});
  CHECK(citations[1].title == "get_weather_1b0:0");
}

TEST_CASE("an answer comes to Cohere's clients in its words") {
  Answer answer{.id = "id-1", .model = "x", .choices = {}};
  Choice choice;
  choice.parts.push_back({Reasoning{.text = "Hm."}, {}});
  Citation citation{.url = "https://e.com", .title = "E", .quote = "q", .begin = 3, .end = 5};
  choice.parts.push_back({Text{.text = "In Öl.", .citations = {citation}}, {}});
  choice.parts.push_back({ToolCall{.id = "c1", .name = "f", .arguments = R"({"a":1})"}, {}});
  choice.finish = Finish::tool_calls;
  answer.choices.push_back(choice);
  answer.usage = {.input = 5, .output = 3, .cached_input = 2};
  const auto body = write_cohere_answer(answer, R"({"x":1})");
  CHECK(same_json(body, R"({"id":"id-1","finish_reason":"TOOL_CALL","message":{"role":"assistant",
    "content":[{"type":"thinking","thinking":"Hm."}],"tool_plan":"In Öl.",
    "tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}],
    "citations":[{"start":3,"end":5,"text":"Öl","type":"PLAN","sources":[{"type":"document","id":"https://e.com",
      "document":{"id":"https://e.com","title":"E","url":"https://e.com","snippet":"q"}}]}]},
    "usage":{"billed_units":{"input_tokens":5,"output_tokens":3},"tokens":{"input_tokens":5,"output_tokens":3},
    "cached_tokens":2},"extra_fields":{"x":1}})"));
  const auto back = read_cohere_answer(body);
  REQUIRE(back);
  CHECK(back->choices == answer.choices);
}

TEST_CASE("a citation beyond its text, or of a part that is none, breaks nothing") {
  for (const auto& [begin, end] :
       {std::pair<int64_t, int64_t>{-1, 4}, {3, 2}, {0, 99}, {90, 99}, {0, INT64_MAX}}) {
    Answer answer{.id = "i", .model = {}, .choices = {}};
    Citation citation{.url = "u", .title = {}, .quote = {}, .begin = begin, .end = end};
    answer.choices.push_back({{{Text{.text = "Öl", .citations = {citation}}, {}}}, Finish::stop, {}});
    const auto body = write_cohere_answer(answer, {});
    CHECK(json::Doc::parse(body));
    CHECK(body.find("\"text\":\"\"") == string::npos);
  }
  const auto read = read_cohere_answer(
      R"({"message":{"content":[{"type":"thinking","thinking":"x"}],"citations":[{"content_index":0},{"content_index":9},
      {"type":"PLAN"},{"content_index":-5}]}})");
  REQUIRE(read);
  CHECK(read->choices[0].parts.size() == 1);
}

TEST_CASE("what Cohere has not is said otherwise, or left out with a warning") {
  auto c = asking();
  c.tools = {tool("a"), tool("b", true)};
  c.tool_choice = {.kind = ToolChoice::Kind::named, .name = "b", .parallel = false};
  c.format.kind = OutputFormat::Kind::schema;
  c.format.schema = R"({"type":"object"})";
  c.sampling.frequency_penalty = 1.5;
  c.sampling.presence_penalty = 0.5;
  c.sampling.temperature = 1.8;
  c.sampling.top_p = 1;
  c.sampling.stop = {"1", "2", "3", "4", "5", "6"};
  c.sampling.choices = 2;
  c.messages[0].parts.push_back({Audio{}, {}});
  const auto got = written(c);
  CHECK(got.warned == std::vector<string>{"dropped messages[0].content[1]", "changed response_format",
                                          "dropped parallel_tool_calls", "changed temperature",
                                          "changed frequency_penalty", "dropped presence_penalty",
                                          "dropped n", "changed stop"});
  CHECK(
      same_json(got.body, R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},
    {"role":"system","content":"Answer with one JSON object and nothing else. It must be valid by this JSON schema: {\"type\":\"object\"}"}],
    "tools":[{"type":"function","function":{"name":"b","parameters":{"type":"object","properties":{}}}}],
    "strict_tools":true,"tool_choice":"REQUIRED","temperature":1,"p":0.99,"frequency_penalty":1,
    "stop_sequences":["1","2","3","4","5"]})"));
}

TEST_CASE("tools that only some want strict are not held to it, and say so") {
  auto c = asking();
  c.tools = {tool("a"), tool("b", true)};
  const auto got = written(c);
  CHECK(got.warned == std::vector<string>{"dropped strict"});
  CHECK(got.body.find("strict") == string::npos);
}

TEST_CASE("thinking is asked for by a budget that leaves the answer its room") {
  struct Case {
    Thinking thinking;
    std::optional<int64_t> limit, most;
    std::optional<bool> thinks;
    std::string_view thinking_json;
    int64_t max_tokens;
  };
  for (const Case& k : std::initializer_list<Case>{
           {{.on = true, .effort = {}, .budget = {}, .shown = {}}, 100, {}, {}, R"({"type":"enabled"})", 100},
           {{.on = {}, .effort = "low", .budget = {}, .shown = {}},
            100,
            {},
            true,
            R"({"type":"enabled","token_budget":1024})",
            1124},
           {{.on = {}, .effort = {}, .budget = 50, .shown = {}},
            100,
            {},
            true,
            R"({"type":"enabled","token_budget":50})",
            100},
           {{.on = {}, .effort = "high", .budget = {}, .shown = {}},
            100,
            4000,
            true,
            R"({"type":"enabled","token_budget":2000})",
            4000},
           {{.on = false, .effort = {}, .budget = {}, .shown = {}},
            100,
            {},
            true,
            R"({"type":"disabled"})",
            100},
           {{.on = {}, .effort = "none", .budget = {}, .shown = {}},
            100,
            {},
            true,
            R"({"type":"disabled"})",
            100},
           {{.on = false, .effort = {}, .budget = {}, .shown = {}}, 100, {}, {}, "", 100},
           {{.on = true, .effort = {}, .budget = {}, .shown = {}}, 100, {}, false, "", 100},
       }) {
    auto c = asking();
    c.thinking = k.thinking;
    c.sampling.max_output = k.limit;
    const auto got = written(c, k.thinks, k.most);
    CAPTURE(got.body);
    const auto doc = json::Doc::parse(got.body);
    CHECK(doc->root()["thinking"].raw() == k.thinking_json);
    CHECK(doc->root()["max_tokens"].integer() == k.max_tokens);
    CHECK(got.warned.empty() == !(k.thinks == false));
  }
}

TEST_CASE("thoughts go back to a model that thinks, unless another vendor sealed them") {
  auto c = asking();
  c.messages.push_back({Role::assistant,
                        {{Reasoning{.text = "mine"}, {}},
                         {Reasoning{.text = "claude's", .seal = {Issuer::anthropic, "s"}}, {}},
                         {Text{.text = "hello", .citations = {}}, {}}},
                        {}});
  CHECK(written(c, true).body.find("mine") != string::npos);
  CHECK(written(c, true).body.find("claude's") == string::npos);
  CHECK(written(c).body.find("mine") == string::npos);
  // A turn of nothing else is left out.
  c.messages[1].parts.pop_back();
  CHECK(written(c, true).body.find("assistant") == string::npos);
}

TEST_CASE("results of tools come right behind their calls, what is no text behind them") {
  auto c = asking();
  c.messages.push_back({Role::assistant, {{ToolCall{.id = "1", .name = "f", .arguments = "{}"}, {}}}, {}});
  Image image{Media{.mime = "image/png", .data = "aGk="}};
  ToolResult result{.id = "1", .name = "f", .content = {{image, {}}}, .error = true};
  c.messages.push_back(
      {Role::user, {{Text{.text = "so?", .citations = {}}, {}}, {std::move(result), {}}}, {}});
  const auto got = written(c);
  CHECK(got.warned == std::vector<string>{"changed messages[2].tool_result"});
  const auto doc = json::Doc::parse(got.body);
  CHECK(same_json(doc->root()["messages"].at(2).raw(),
                  R"({"role":"tool","tool_call_id":"1","content":"error"})"));
  CHECK(doc->root()["messages"].at(3)["content"].size() == 2);
}

TEST_CASE("a request that is not Cohere's is refused at its field") {
  for (const auto& [body, field] : std::initializer_list<std::pair<string, string>>{
           {R"({})", "messages"},
           {R"({"messages":[7]})", "messages[0]"},
           {R"({"messages":[{"role":"robot"}]})", "messages[0].role"},
           {R"({"messages":[{"role":"user","content":7}]})", "messages[0].content"},
           {R"({"messages":[{"role":"user","content":[7]}]})", "messages[0].content[0]"},
           {R"({"messages":[{"role":"user","content":[{"type":"text"}]}]})", "messages[0].content[0].text"},
           {R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})",
            "messages[0].content[0].image_url.url"},
           {R"({"messages":[{"role":"tool","content":"x"}]})", "messages[0].tool_call_id"},
           {R"({"messages":[{"role":"assistant","content":[{"type":"x"}]}]})", "messages[0].content[0]"},
           {R"({"messages":[{"role":"assistant","tool_calls":[{}]}]})",
            "messages[0].tool_calls[0].function.name"},
           {R"({"messages":[],"tools":[{}]})", "tools[0].function.name"},
           {R"({"messages":[],"documents":"x"})", "documents"}}) {
    CAPTURE(body);
    const auto got = read(body);
    REQUIRE_FALSE(got);
    CHECK(got.error().error_class == ErrorClass::bad_request);
    CHECK(got.error().param == field);
  }
}

TEST_CASE("a generation that broke down is a failure, whole and streamed") {
  for (const auto& [reply, code] : {std::pair<string, int64_t>{"ERROR", 500}, {"TIMEOUT", 504}}) {
    const auto facts = cohere_chat().read_reply(R"({"id":"1","finish_reason":")" + reply +
                                                R"(","message":{"role":"assistant","content":[]}})");
    REQUIRE(facts);
    CHECK(facts->error_made);
    CHECK(json::Doc::parse(facts->error_object)->root()["code"].integer() == code);
  }
  const auto got = steps(fixture(kMine, "failed.stream.txt"));
  REQUIRE(got.size() == 4);
  CHECK(got[2].content);
  CHECK(got[3].error_object.find("the model went away") != string::npos);
  CHECK_FALSE(got[3].finish);
}

TEST_CASE("the last event of a stream is its finish, its count and its end, and can be added to") {
  const auto got = steps(fixture(kMine, "tools.stream.txt"));
  size_t ends = 0;
  for (const auto& step : got) ends += step.done ? 1 : 0;
  CHECK(ends == 1);
  const auto& last = got[got.size() - 2];  // "[DONE]" says nothing more
  CHECK(last.done);
  CHECK(last.finish);
  CHECK(last.holdable);
  CHECK_FALSE(steps("event: message-end\ndata: [DONE]\n\n")[0].holdable);  // nothing can be added to it
  CHECK(cohere_chat().attach({"message-end", R"({"type":"message-end"})", ""}, R"({"x":1})") ==
        "event: message-end\ndata: {\"type\":\"message-end\",\"extra_fields\":{\"x\":1}}\n\n");
}

TEST_CASE("a reply is an answer, an error or neither") {
  struct Case {
    string body;
    bool read, error;
  };
  for (const auto& [body, read, error] :
       std::initializer_list<Case>{{fixture(kMine, "cited.reply.json"), true, false},
                                   {fixture(kMine, "tools.reply.json"), true, false},
                                   {R"({"id":"x","message":"invalid request"})", true, true},
                                   {R"({"error":{"message":"no"}})", true, true},
                                   {R"({"message":{"role":"assistant","content":[]}})", false, false},
                                   {R"({})", false, false},
                                   {R"([])", false, false},
                                   {R"(<html>)", false, false}}) {
    CAPTURE(body);
    const auto facts = cohere_chat().read_reply(body);
    CHECK(facts.has_value() == read);
    if (facts) CHECK(facts->error_object.empty() == !error);
  }
}

TEST_CASE("errors have Cohere's shape, with the request's id") {
  const Error error{.error_class = ErrorClass::rate_limit, .message = "slow down"};
  CHECK(cohere_chat().error_body(error, R"({"request_id":"req_1"})") ==
        R"({"id":"req_1","message":"slow down","extra_fields":{"request_id":"req_1"}})");
  CHECK(cohere_chat().error_body(error, {}) == R"({"message":"slow down"})");
  const auto got = steps(cohere_chat().error_event(error, {}, {}));
  REQUIRE(got.size() == 1);
  CHECK(got[0].error_object.find("slow down") != string::npos);
}

TEST_CASE("ranks and embeddings are read for what they cost") {
  struct Case {
    const Codec& codec;
    string body;
    int64_t input;
    bool error;
  };
  for (const auto& [codec, body, input, error] : std::initializer_list<Case>{
           // Cohere, Jina and Voyage (docs.cohere.com/reference/rerank, jina.ai/reranker, docs.voyageai.com)
           {*dialects::codec(Dialect::rerank),
            R"({"results":[{"index":0,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1}}})",
            -1, false},
           {*dialects::codec(Dialect::rerank),
            R"({"model":"j","usage":{"total_tokens":15},"results":[{"index":1,"relevance_score":0.1}]})", 15,
            false},
           {*dialects::codec(Dialect::rerank),
            R"({"object":"list","data":[{"relevance_score":0.4,"index":0}],"usage":{"total_tokens":26}})", 26,
            false},
           {*dialects::codec(Dialect::rerank), R"({"message":"invalid request"})", -1, true},
           {*dialects::codec(Dialect::rerank), R"({"error":{"message":"no"}})", -1, true},
           {*dialects::codec(Dialect::cohere_embed),
            R"({"id":"1","embeddings":{"float":[[0.1]]},"meta":{"billed_units":{"input_tokens":3}}})", 3,
            false},
           {*dialects::codec(Dialect::cohere_embed), R"({"message":"invalid request"})", -1, true}}) {
    CAPTURE(body);
    const auto facts = codec.read_reply(body);
    REQUIRE(facts);
    CHECK(facts->usage.input == input);
    CHECK(facts->error_object.empty() == !error);
  }
  CHECK_FALSE(dialects::codec(Dialect::rerank)->read_reply("{}"));
  CHECK_FALSE(dialects::codec(Dialect::cohere_embed)->read_reply(R"({"embeddings":{}})"));
}
