// docs: bedrock-runtime's service model (botocore 1.44.5); the fixtures' README says how they were made.
#include "dialects/bedrock.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "dialects/reading.h"
#include "net/aws_event_stream.h"

using namespace llmgw;
using namespace llmgw::dialects;
using Kind = StreamEvent::Kind;

namespace {

std::string file(const std::string& name) {
  std::ifstream in("tests/wire/" + name, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

void fill(Request& request, Dialect dialect, std::string body) {
  request.dialect = dialect;
  request.body = std::move(body);
  request.model = "anthropic.claude-sonnet-4-5";
  request.stream = true;
}

Conversation conversation(std::string_view body) {
  const auto doc = json::Doc::parse(body).value();
  auto read = read_bedrock_request(doc.root());
  if (!read) MESSAGE(read.error().message);
  REQUIRE(read);
  return std::move(*read);
}

std::string written(const Conversation& c, Writing target, Warnings& warnings) {
  if (target.model.empty()) target.model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
  target.kind = "bedrock";
  const std::string body = write_bedrock_request(c, target, warnings);
  REQUIRE(json::Doc::parse(body));
  return body;
}

std::vector<std::string> codes(const Warnings& warnings) {
  std::vector<std::string> out;
  for (const auto& w : warnings) out.push_back(w.code + " " + w.field);
  return out;
}

Message says(Role role, std::string text) {
  return {role, {{Text{.text = std::move(text), .citations = {}}, {}}}, {}};
}

std::vector<StreamEvent> decoded(const Codec& codec, std::string_view stream) {
  const auto splitter = codec.splitter();
  const auto decoder = codec.translation()->decoder();
  splitter->feed(stream);
  std::vector<StreamEvent> out;
  for (;;) {
    const auto event = splitter->next();
    REQUIRE(event);
    if (!*event) return out;
    REQUIRE(decoder->decode(**event, out));
  }
}

std::string encoded(const Codec& codec, const std::vector<StreamEvent>& events) {
  const auto encoder = codec.translation()->encoder({.id = "msg_1"});
  std::string out;
  for (const auto& event : events) encoder->encode(event, out);
  encoder->end(R"({"x":1})", out);
  return out;
}

std::string text_of(const std::vector<StreamEvent>& events, Kind kind) {
  std::string out;
  for (const auto& e : events) {
    if (e.kind == kind) out += e.text;
  }
  return out;
}

}  // namespace

TEST_CASE("a Converse request keeps the path's model, gives its gateway fields and says what it needs") {
  Request request;
  fill(request, Dialect::bedrock_converse, file("bedrock-converse/request.json"));
  REQUIRE(bedrock_converse().decode_request(request));
  CHECK(request.model == "anthropic.claude-sonnet-4-5");
  CHECK(request.stream);
  CHECK(request.fallbacks == std::vector<std::string>{"mock/echo"});
  CHECK(request.needs.vision);
  CHECK(request.needs.tools);
  CHECK(request.needs.json_schema);
  CHECK(request.needs.max_output == 4000);

  json::Edit edit(request.doc->root());
  bedrock_converse().edit_request(request, "another", true, edit);
  const std::string body = edit.apply();
  CHECK(body.find("fallbacks") == std::string::npos);
  CHECK(body.find("budget_tokens") != std::string::npos);
  CHECK(body.find("another") == std::string::npos);
}

TEST_CASE("additionalModelRequestFields that held nothing but ours goes as a whole") {
  Request request;
  fill(request, Dialect::bedrock_converse,
       R"({"messages":[],"additionalModelRequestFields":{"fallbacks":["a/b"],"fallback_on":["timeout"]}})");
  REQUIRE(bedrock_converse().decode_request(request));
  json::Edit edit(request.doc->root());
  bedrock_converse().edit_request(request, "m", true, edit);
  CHECK(edit.apply() == R"({"messages":[]})");
}

TEST_CASE("a Converse request is read whole, and written as it was") {
  const auto c = conversation(file("bedrock-converse/request.json"));
  REQUIRE(c.messages.size() == 4);
  CHECK(c.messages[0].parts[0].cache == CacheMark{"1h"});
  const auto& first = c.messages[1].parts;
  REQUIRE(first.size() == 3);
  CHECK(
      first[1].get<Image>()->media ==
      Media{.mime = "image/png", .data = "iVBORw0KGgo=", .url = {}, .file_id = {}, .name = {}, .detail = {}});
  CHECK(first[2].get<File>()->media.name == "annual report");
  CHECK(first[2].cache == CacheMark{});
  CHECK(c.messages[2].parts[0].get<Reasoning>()->seal == Seal{Issuer::anthropic, "c2lnbmVk"});
  CHECK(c.messages[2].parts[1].get<ToolCall>()->arguments == R"({"city":"Rome"})");
  const auto* result = c.messages[3].parts[0].get<ToolResult>();
  REQUIRE(result);
  CHECK(result->name == "get_weather");
  CHECK(joined_text(result->content) == R"({"celsius":31}sunny)");
  CHECK(c.messages[3].parts[1].get<Foreign>()->type == "guardContent");
  CHECK(c.tools.at(0).strict == true);
  CHECK(c.tools.at(0).cache);
  CHECK(c.tool_choice.kind == ToolChoice::Kind::automatic);
  CHECK(c.thinking.budget == 2048);
  CHECK(c.format.schema == R"({"type":"object"})");
  CHECK(c.user == "u-1");
  CHECK(c.metadata.at(0) == std::pair<std::string, std::string>("team", "search"));
  CHECK(c.unmodelled == std::vector<std::string>{"performanceConfig"});

  Warnings warnings;
  const auto body = written(c, {}, warnings);
  CHECK(warnings.empty());
  auto again = conversation(body);
  again.unmodelled = c.unmodelled;
  CHECK(again == c);
}

TEST_CASE("a bad Converse request is refused with the path of its field") {
  struct Case {
    std::string body, param;
  };
  const Case cases[] = {
      {R"({"messages":1})", "messages"},
      {R"({"messages":[{"role":"tool","content":[]}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":"hi"}]})", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":[{}]}]})", "messages[0].content[0]"},
      {R"({"messages":[{"role":"user","content":[{"text":7}]}]})", "messages[0].content[0].text"},
      {R"({"messages":[{"role":"user","content":[{"image":{"format":"png"}}]}]})",
       "messages[0].content[0].image.source"},
      {R"({"messages":[{"role":"user","content":[{"toolResult":{"content":[]}}]}]})",
       "messages[0].content[0].toolResult.toolUseId"},
      {R"({"messages":[],"toolConfig":{"tools":[{"toolSpec":{}}]}})", "toolConfig.tools[0].toolSpec.name"},
      {R"({"messages":[],"system":"text"})", "system"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.body);
    const auto doc = json::Doc::parse(c.body).value();
    const auto read = read_bedrock_request(doc.root());
    REQUIRE_FALSE(read);
    CHECK(read.error().error_class == ErrorClass::bad_request);
    CHECK(read.error().param == c.param);
  }
}

TEST_CASE("what Bedrock refuses is not sent: blank text, a first word of the assistant, odd ids and names") {
  Conversation c;
  c.messages.push_back(says(Role::assistant, "Hello"));
  c.messages.push_back(says(Role::user, " \n"));
  Message call{Role::assistant, {}, {}};
  call.parts.push_back(
      {ToolCall{.id = "call|" + std::string(80, 'x'), .name = "look", .arguments = "not json"}, {}});
  c.messages.push_back(call);
  Message turn{Role::user, {}, {}};
  Media report{.mime = "application/pdf",
               .data = "JVBERi0=",
               .url = {},
               .file_id = {},
               .name = "Q3_report  (v1.2).pdf",
               .detail = {}};
  turn.parts.push_back({File{report}, {}});
  turn.parts.push_back({File{report}, {}});
  turn.parts.push_back({Image{{.mime = "image/png",
                               .data = {},
                               .url = "https://example.com/a.png",
                               .file_id = {},
                               .name = {},
                               .detail = {}}},
                        {}});
  turn.parts.push_back({ToolResult{.id = "call|" + std::string(80, 'x'), .name = "look", .content = {}}, {}});
  c.messages.push_back(turn);

  Warnings warnings;
  const std::string body = written(c, {.mark_prefix = false}, warnings);
  const auto doc = json::Doc::parse(body).value();
  const auto messages = doc.root()["messages"];
  REQUIRE(messages.size() == 3);
  CHECK(messages.at(0)["role"].says("user"));
  CHECK(messages.at(1)["content"].size() == 2);
  const auto use = messages.at(1)["content"].at(1)["toolUse"];
  CHECK(use["toolUseId"].text().size() <= 64);
  CHECK(use["input"].raw() == R"({"arguments":"not json"})");
  const auto content = messages.at(2)["content"];
  CHECK(content.at(0)["toolResult"]["toolUseId"].text() == use["toolUseId"].text());
  CHECK(content.at(0)["toolResult"]["content"].at(0)["text"].says("(no output)"));
  CHECK(content.at(1)["document"]["name"].says("Q3-report (v1-2)"));
  CHECK(content.at(2)["document"]["name"].says("Q3-report (v1-2)-2"));
  CHECK(content.at(3)["text"].says("[content that cannot be shown]"));
  CHECK(doc.root()["toolConfig"]["tools"].at(0)["toolSpec"]["name"].says("look"));
  CHECK(codes(warnings) == std::vector<std::string>{"added messages[0]", "dropped messages[3].content[2]",
                                                    "added messages[3].content[2]", "added tools"});
}

TEST_CASE("what a model on Bedrock takes beyond Converse is written in its vendor's words") {
  struct Case {
    std::string model, fields, output;
    std::vector<std::string> warnings;
  };
  const Case cases[] = {
      {"anthropic.claude-sonnet-4-5-20250929-v1:0",
       R"({"thinking":{"type":"enabled","budget_tokens":8192}})",
       "",
       {"dropped top_k"}},
      {"us.anthropic.claude-opus-4-7-v1:0",
       R"({"thinking":{"type":"adaptive"}})",
       R"({"effort":"medium"})",
       {"dropped top_k"}},
      {"openai.gpt-oss-120b-1:0", R"({"reasoning_effort":"medium"})", "", {"dropped top_k"}},
      {"amazon.nova-pro-v1:0", R"({"inferenceConfig":{"topK":20}})", "", {"dropped thinking"}},
      {"mistral.mistral-large-2407-v1:0", R"({"top_k":20})", "", {"dropped thinking"}},
      {"meta.llama3-3-70b-instruct-v1:0", "", "", {"dropped thinking", "dropped top_k"}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.model);
    Conversation conversation;
    conversation.messages.push_back(says(Role::user, "hi"));
    conversation.thinking.effort = "medium";
    conversation.sampling.top_k = 20;
    Warnings warnings;
    const std::string body = written(conversation, {.model = c.model}, warnings);
    const auto doc = json::Doc::parse(body).value();
    CHECK(doc.root()["additionalModelRequestFields"].raw() == c.fields);
    CHECK(doc.root()["outputConfig"].raw() == c.output);
    CHECK(codes(warnings) == c.warnings);
  }
}

TEST_CASE("the stable prefix is marked for the cache where the model has one") {
  Conversation c;
  c.messages.push_back(says(Role::system, "Be brief."));
  c.messages.push_back(says(Role::user, "one"));
  c.messages.push_back(says(Role::assistant, "two"));
  c.messages.push_back(says(Role::user, "three"));
  c.tools.push_back(
      {.name = "t", .description = {}, .parameters = {}, .strict = {}, .cache = {}, .native = {}});
  const auto marks = [&](std::string_view model, bool mark) {
    Warnings warnings;
    const std::string body = written(c, {.model = model, .mark_prefix = mark}, warnings);
    size_t n = 0;
    for (size_t at = body.find("cachePoint"); at != std::string::npos; at = body.find("cachePoint", at + 1))
      ++n;
    return n;
  };
  CHECK(marks("anthropic.claude-sonnet-4-5", true) == 3);
  CHECK(marks("anthropic.claude-sonnet-4-5", false) == 0);
  CHECK(marks("amazon.nova-lite-v1:0", true) == 3);
  CHECK(marks("meta.llama3-3-70b-instruct-v1:0", true) == 0);
  CHECK(marks("anthropic.claude-3-haiku-20240307-v1:0", true) == 0);
  c.messages[0].parts[0].cache = CacheMark{"1h"};  // the client's own hold alone
  CHECK(marks("anthropic.claude-sonnet-4-5", true) == 1);
}

TEST_CASE("a tool choice of none leaves the tools out, unless the conversation has calls") {
  Conversation c;
  c.messages.push_back(says(Role::user, "hi"));
  c.tools.push_back(
      {.name = "t", .description = {}, .parameters = {}, .strict = {}, .cache = {}, .native = {}});
  c.tool_choice.kind = ToolChoice::Kind::none;
  Warnings warnings;
  CHECK(written(c, {}, warnings).find("toolConfig") == std::string::npos);
  CHECK(warnings.empty());
  c.messages.push_back({Role::assistant, {{ToolCall{.id = "a", .name = "t", .arguments = "{}"}, {}}}, {}});
  CHECK(written(c, {}, warnings).find("toolConfig") != std::string::npos);
  CHECK(codes(warnings) == std::vector<std::string>{"changed tool_choice"});
}

TEST_CASE("a Converse reply is read whole, and written as it was") {
  const std::string body = file("bedrock-converse/reply.json");
  const auto facts = bedrock_converse().read_reply(body);
  REQUIRE(facts);
  CHECK(facts->usage.input == 132);  // those of the cache included
  CHECK(facts->usage.cached_input == 100);
  CHECK(facts->usage.cache_written == 20);
  CHECK(facts->usage.output == 5);
  const auto answer = read_bedrock_answer(body).value();
  const auto& choice = answer.choices.at(0);
  REQUIRE(choice.parts.size() == 4);
  CHECK(choice.finish == Finish::tool_calls);
  CHECK(choice.parts[0].get<Reasoning>()->seal.data == "c2lnbmVk");
  CHECK(choice.parts[2].get<Text>()->citations.at(0).url == "https://example.com/w");
  CHECK(choice.parts[3].get<ToolCall>()->arguments == "{}");
  const auto again = read_bedrock_answer(write_bedrock_answer(answer)).value();
  CHECK(again.choices == answer.choices);
  CHECK(again.usage.input == 132);
  CHECK(bedrock_converse().read_reply(write_bedrock_answer(answer)));
}

TEST_CASE("what is no Converse reply is invalid, and an error object is told") {
  for (const std::string_view body : {"<html>", "[]", "{}", R"({"output":{"message":{"content":[]}}})"}) {
    CAPTURE(body);
    const auto read = bedrock_converse().read_reply(body);
    REQUIRE_FALSE(read);
    CHECK(read.error().error_class == ErrorClass::invalid_response);
  }
  CHECK_FALSE(bedrock_converse().read_reply(R"({"message":"no"})")->error_object.empty());
}

TEST_CASE("stop reasons are read as the service model lists them, and ours written within it") {
  struct Case {
    std::string_view reason;
    Finish finish;
  };
  const Case cases[] = {{"end_turn", Finish::stop},
                        {"tool_use", Finish::tool_calls},
                        {"max_tokens", Finish::length},
                        {"stop_sequence", Finish::stop_sequence},
                        {"guardrail_intervened", Finish::filter},
                        {"content_filtered", Finish::filter},
                        {"malformed_model_output", Finish::failed},
                        {"malformed_tool_use", Finish::failed},
                        {"model_context_window_exceeded", Finish::length}};
  for (const auto& c : cases) {
    CAPTURE(c.reason);
    CHECK(bedrock_finish(c.reason) == c.finish);
    CHECK(bedrock_finish(bedrock_stop_reason(c.finish)) == c.finish);
  }
}

TEST_CASE("a stream of text is decoded event by event, with its usage at the end") {
  const auto events = decoded(bedrock_converse(), file("bedrock-converse/text.frames"));
  CHECK(text_of(events, Kind::text) == "Hello ü");
  CHECK(events.front().kind == Kind::start);
  CHECK(events.back().kind == Kind::end);
  const auto& usage = events[events.size() - 2].usage;
  CHECK(usage.input == 132);
  CHECK(usage.cached_input == 100);
}

TEST_CASE("a stream's calls keep their parts; one without arguments has an empty object") {
  const auto events = decoded(bedrock_converse(), file("bedrock-converse/tools.frames"));
  CHECK(text_of(events, Kind::arguments) == R"({"city":"Rome"}{})");
  std::vector<std::string> calls;
  for (const auto& e : events) {
    if (e.kind == Kind::tool_call) calls.push_back(std::to_string(e.part) + " " + e.id + " " + e.name);
    if (e.kind == Kind::finish) CHECK(e.finish == Finish::tool_calls);
  }
  CHECK(calls == std::vector<std::string>{"1 tooluse_a1 get_weather", "2 tooluse_b2 now"});
}

TEST_CASE("thoughts, their seals and citations come through a stream") {
  const auto events = decoded(bedrock_converse(), file("bedrock-converse/thinking.frames"));
  CHECK(text_of(events, Kind::reasoning) == "Two and two.");
  std::vector<std::string> seals;
  for (const auto& e : events) {
    if (e.seal) seals.push_back(e.seal.data);
    if (e.kind == Kind::citation) CHECK(e.citation.quote == "2+2=4");
  }
  CHECK(seals == std::vector<std::string>{"c2lnbmVk", "cmVkYWN0ZWQ="});
}

TEST_CASE("what is decoded and encoded again says the same") {
  for (const std::string name : {"text", "tools", "thinking"}) {
    CAPTURE(name);
    const auto events = decoded(bedrock_converse(), file("bedrock-converse/" + name + ".frames"));
    const auto again = decoded(bedrock_converse(), encoded(bedrock_converse(), events));
    REQUIRE(again.size() == events.size());
    for (size_t i = 0; i < events.size(); ++i) {
      CAPTURE(i);
      CHECK(again[i].kind == events[i].kind);
      CHECK(again[i].part == events[i].part);
      CHECK(again[i].text == events[i].text);
      CHECK(again[i].id == events[i].id);
      CHECK(again[i].seal == events[i].seal);
      CHECK(again[i].citation == events[i].citation);
      CHECK(again[i].finish == events[i].finish);
      CHECK(again[i].usage.input == events[i].usage.input);
    }
  }
}

TEST_CASE("a stream reader lets every frame pass, and knows when the answer is complete") {
  const auto reader = bedrock_converse().stream_reader();
  const auto splitter = bedrock_converse().splitter();
  splitter->feed(file("bedrock-converse/text.frames"));
  bool finish = false;
  int frames = 0;
  while (const auto event = splitter->next().value()) {
    const auto step = reader->read(*event).value();
    CHECK_FALSE(step.done);
    CHECK_FALSE(step.holdable);
    finish = finish || step.finish;
    ++frames;
  }
  CHECK(finish);
  CHECK(frames == 6);
  CHECK(reader->usage().output == 5);
}

TEST_CASE("an exception in a stream is an error with its name, and ours are named for AWS's SDKs") {
  const auto events = decoded(bedrock_converse(), file("bedrock-converse/exception.frames"));
  CHECK(events.back().kind == Kind::error);
  CHECK(
      events.back().text ==
      R"({"__type":"throttlingException","message":"Too many requests, please wait before trying again."})");

  struct Case {
    ErrorClass error_class;
    std::string_view header, frame;
  };
  const Case cases[] = {
      {ErrorClass::rate_limit, "ThrottlingException", "throttlingException"},
      {ErrorClass::quota, "ServiceQuotaExceededException", "throttlingException"},
      {ErrorClass::overloaded, "ServiceUnavailableException", "serviceUnavailableException"},
      {ErrorClass::bad_request, "ValidationException", "validationException"},
      {ErrorClass::context_length, "ValidationException", "validationException"},
      {ErrorClass::model_unavailable, "ResourceNotFoundException", "internalServerException"},
      {ErrorClass::timeout, "ModelTimeoutException", "modelStreamErrorException"},
      {ErrorClass::auth, "UnrecognizedClientException", "internalServerException"},
      {ErrorClass::server_error, "InternalServerException", "internalServerException"},
  };
  for (const auto& c : cases) {
    const Error error{.error_class = c.error_class, .message = "why"};
    CAPTURE(c.header);
    CHECK(bedrock_converse().error_headers(error).get("x-amzn-errortype") == c.header);
    CHECK(bedrock_converse().error_body(error, R"({"x":1})") == R"({"message":"why"})");
    net::AwsEventSplitter splitter;
    splitter.feed(bedrock_converse().error_event(error, {}, {}));
    const auto event = splitter.next().value();
    REQUIRE(event);
    CHECK(event->type == "exception:" + std::string(c.frame));
    CHECK(event->data == R"({"message":"why"})");
  }
}

TEST_CASE("a Claude's invoke body is a conversation; another model's is Bedrock's alone") {
  Request request;
  fill(request, Dialect::bedrock_invoke, file("bedrock-invoke/claude_request.json"));
  REQUIRE(bedrock_invoke().decode_request(request));
  CHECK(request.model == "anthropic.claude-sonnet-4-5");
  CHECK(request.stream);
  const auto read = bedrock_invoke().translation()->read_request(request);
  REQUIRE(read);
  CHECK(read->unmodelled.empty());
  CHECK(read->sampling.max_output == 200);
  Warnings warnings;
  const auto body = bedrock_invoke().translation()->write_request(
      *read, {.model = request.model, .kind = "bedrock", .stream = true}, warnings);
  const auto doc = json::Doc::parse(body).value();
  CHECK(doc.root()["anthropic_version"].says("bedrock-2023-05-31"));
  CHECK_FALSE(doc.root()["model"]);
  CHECK_FALSE(doc.root()["stream"]);

  Request nova;
  fill(nova, Dialect::bedrock_invoke, R"({"inputText":"hi","fallbacks":["a/b"]})");
  REQUIRE(bedrock_invoke().decode_request(nova));
  json::Edit edit(nova.doc->root());
  bedrock_invoke().edit_request(nova, "m", true, edit);
  CHECK(edit.apply() == R"({"inputText":"hi"})");
  const auto refused = bedrock_invoke().translation()->read_request(nova);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("use Converse") != std::string::npos);
}

TEST_CASE("chunks of a Claude are its events; those of other models pass, complete with their metrics") {
  const auto events = decoded(bedrock_invoke(), file("bedrock-invoke/claude.frames"));
  CHECK(text_of(events, Kind::text) == "Hello");
  CHECK(events.back().kind == Kind::end);
  const auto again = decoded(bedrock_invoke(), encoded(bedrock_invoke(), events));
  CHECK(text_of(again, Kind::text) == "Hello");
  CHECK(again.back().kind == Kind::end);

  const auto reader = bedrock_invoke().stream_reader();
  const auto splitter = bedrock_invoke().splitter();
  splitter->feed(file("bedrock-invoke/nova.frames"));
  std::vector<bool> finish;
  while (const auto event = splitter->next().value()) finish.push_back(reader->read(*event).value().finish);
  CHECK(finish == std::vector<bool>{false, false, false, false, true});
  CHECK(reader->usage().input == 7);
  CHECK(reader->usage().output == 3);
}
