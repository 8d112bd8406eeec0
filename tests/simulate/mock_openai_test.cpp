#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "base/text.h"
#include "dialects/codec.h"
#include "simulate/mock/openai.h"
#include "simulate/mock/schema.h"
#include "tests/simulate/mocked.h"

using namespace llmgw;
using namespace llmgw::simulate;

namespace {

std::string chat_text(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& event : all) {
    if (const auto doc = json::Doc::parse(event))
      text += doc->root()["choices"].at(0)["delta"]["content"].text();
  }
  return text;
}

const std::string kTools =
    R"(,"tools":[{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":3}},"required":["city","days"]}}}])";

}  // namespace

TEST_CASE("echo repeats the last user text, and counts a token for four bytes") {
  Mocked mock;
  const auto got = mock.chat("echo");
  CHECK(got.status == 200);
  CHECK(got.headers.get("x-request-id").starts_with("req_"));
  const auto reply = got.json();
  CHECK(reply.root()["object"].says("chat.completion"));
  CHECK(reply.root()["model"].says("echo"));
  const auto choice = reply.root()["choices"].at(0);
  CHECK(choice["message"]["role"].says("assistant"));
  CHECK(choice["message"]["content"].says("Hello wörld"));
  CHECK(choice["finish_reason"].says("stop"));
  CHECK(reply.root()["usage"]["prompt_tokens"].integer() == 3);
  CHECK(reply.root()["usage"]["completion_tokens"].integer() == 3);
  CHECK(reply.root()["usage"]["total_tokens"].integer() == 6);
}

TEST_CASE("a stream has a role, the text in pieces, a finish and [DONE]; usage only when asked") {
  Mocked mock;
  const auto all = events(mock.chat("echo", R"(,"stream":true)").body);
  CHECK(all.front().find(R"("delta":{"role":"assistant","content":"","refusal":null})") != std::string::npos);
  CHECK(chat_text(all) == "Hello wörld");
  CHECK(all.at(all.size() - 2).find(R"("finish_reason":"stop")") != std::string::npos);
  CHECK(all.back() == "[DONE]");
  for (const auto& event : all) CHECK(event.find("usage") == std::string::npos);
  for (size_t i = 0; i + 1 < all.size(); ++i) CHECK(json::Doc::parse(all[i]));

  const auto counted =
      events(mock.chat("echo", R"(,"stream":true,"stream_options":{"include_usage":true})").body);
  const auto usage = json::Doc::parse(counted.at(counted.size() - 2)).value();
  CHECK(usage.root()["choices"].size() == 0);
  CHECK(usage.root()["usage"]["completion_tokens"].integer() == 3);
  CHECK(json::Doc::parse(counted.front())->root()["usage"].is_null());
}

TEST_CASE("n choices, max_tokens and logprobs are heeded") {
  Mocked mock;
  const auto got = mock.chat("echo", R"(,"n":3,"max_tokens":2,"logprobs":true,"top_logprobs":2)");
  const auto reply = got.json();
  CHECK(reply.root()["choices"].size() == 3);
  const auto last = reply.root()["choices"].at(2);
  CHECK(last["index"].integer() == 2);
  CHECK(last["message"]["content"].says("Hello w"));  // "ö" is not cut in two
  CHECK(last["finish_reason"].says("length"));
  CHECK(last["logprobs"]["content"].at(0)["top_logprobs"].size() == 2);
  const auto stream = events(mock.chat("echo", R"(,"n":2,"stream":true)").body);
  std::string second;
  for (const auto& event : stream) {
    const auto doc = json::Doc::parse(event);
    if (doc && doc->root()["choices"].at(0)["index"].integer() == 1)
      second += doc->root()["choices"].at(0)["delta"]["content"].text();
  }
  CHECK(second == "Hello wörld");
}

TEST_CASE("tool calls the first tool with arguments that its schema allows, streamed in pieces") {
  Mocked mock;
  const auto got = mock.chat("tool", kTools);
  const auto reply = got.json();
  const auto call = reply.root()["choices"].at(0)["message"]["tool_calls"].at(0);
  CHECK(call["function"]["name"].says("weather"));
  CHECK(call["function"]["arguments"].says(R"({"city":"mock","days":3})"));
  CHECK(reply.root()["choices"].at(0)["finish_reason"].says("tool_calls"));
  CHECK(reply.root()["choices"].at(0)["message"]["content"].is_null());

  std::string arguments;
  size_t pieces = 0;
  for (const auto& event : events(mock.chat("tool", kTools + R"(,"stream":true)").body)) {
    const auto doc = json::Doc::parse(event);
    if (!doc) continue;
    const auto delta = doc->root()["choices"].at(0)["delta"]["tool_calls"].at(0);
    if (!delta) continue;
    CHECK(delta["index"].integer() == 0);
    CHECK(static_cast<bool>(delta["id"]) == (pieces == 0));
    arguments += delta["function"]["arguments"].text();
    ++pieces;
  }
  CHECK(pieces > 2);
  CHECK(arguments == R"({"city":"mock","days":3})");

  const auto after = mock.call(
      "/v1/chat/completions",
      R"({"model":"tool","messages":[{"role":"user","content":"x"},{"role":"tool","tool_call_id":"1","content":"sunny"}])" +
          kTools + "}");
  CHECK(after.json().root()["choices"].at(0)["message"]["content"].says("The tool said: sunny"));
}

TEST_CASE("a schema is answered with an instance of it") {
  Mocked mock;
  const auto got = mock.chat(
      "echo",
      R"(,"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","required":["a","b","c","d"],
      "properties":{"a":{"enum":["red","blue"]},"b":{"type":"array","minItems":2,"items":{"$ref":"#/$defs/n"}},"c":{"type":["boolean","null"]},
      "d":{"anyOf":[{"type":"string","maxLength":2},{"type":"null"}]}},"$defs":{"n":{"type":"number","exclusiveMinimum":4}}}}})");
  CHECK(got.json().root()["choices"].at(0)["message"]["content"].says(
      R"({"a":"red","b":[5,5],"c":true,"d":"mo"})"));
  CHECK(mock.chat("json").json().root()["choices"].at(0)["message"]["content"].says(
      R"({"answer":"Hello wörld"})"));
}

TEST_CASE("a schema that refers to itself ends") {
  CHECK(
      instance_of(
          R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"object","required":["a"],"properties":{"a":{"$ref":"#/$defs/a"}}}}})")
          .size() < 4096);
  CHECK(instance_of(R"({"$ref":"#"})") == "null");
  const auto wide = instance_of(
      R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"array","minItems":1000,"items":{"$ref":"#/$defs/a"}}}})");
  CHECK(wide.size() < 16u << 20);
  CHECK(instance_of("nonsense") == "{}");
}

TEST_CASE("refuse refuses, whole and streamed") {
  Mocked mock;
  const auto reply = mock.chat("refuse");
  CHECK(reply.json().root()["choices"].at(0)["message"]["refusal"].text() != "");
  CHECK(reply.json().root()["choices"].at(0)["message"]["content"].is_null());
  CHECK(mock.chat("refuse", R"(,"stream":true)").has(R"("refusal":"I'm ")"));
}

TEST_CASE("errors have the vendor's shape, 429 a Retry-After") {
  Mocked mock;
  for (const auto& [model, status, type, code] :
       std::initializer_list<std::tuple<std::string_view, int, std::string_view, std::string_view>>{
           {"fail-400", 400, "invalid_request_error", "invalid_value"},
           {"fail-401", 401, "invalid_request_error", "invalid_api_key"},
           {"fail-402", 402, "unknown_error", "invalid_request_error"},
           {"fail-404", 404, "invalid_request_error", "model_not_found"},
           {"fail-429", 429, "requests", "rate_limit_exceeded"},
           {"fail-500", 500, "server_error", ""},
           {"fail-503", 503, "server_error", ""},
           {"fail-529", 529, "overloaded_error", ""},
           {"no-such", 404, "invalid_request_error", "model_not_found"}}) {
    CAPTURE(model);
    const auto got = mock.chat(model);
    CHECK(got.status == status);
    const auto error = got.json();
    CHECK(error.root()["error"]["type"].text() == type);
    CHECK(error.root()["error"]["code"].text() == code);
    CHECK(error.root()["error"]["message"].text() != "");
    CHECK(got.headers.get("Retry-After") == (status == 429 ? "1" : ""));
  }
}

TEST_CASE("a request that cannot be read is a 400 that names the field") {
  Mocked mock;
  for (const auto& [body, param] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {R"({"model":"echo"})", "messages"},
           {R"({"model":"echo","messages":[]})", "messages"},
           {R"({"model":"echo","messages":[{"content":"x"}]})", "messages[0].role"},
           {R"({"model":"echo","n":0,"messages":[{"role":"user","content":"x"}]})", "n"},
           {R"({"messages":[{"role":"user","content":"x"}]})", "model"},
           {"not json", ""},
           {"[1]", ""}}) {
    CAPTURE(body);
    const auto got = mock.call("/v1/chat/completions", body);
    CHECK(got.status == 400);
    CHECK(got.json().root()["error"]["param"].text() == param);
  }
  CHECK(mock.call("/v1/nowhere", "{}").status == 404);
  CHECK(mock.call("/v1/chat/completions", "", {}, "GET").status == 405);
}

TEST_CASE("completions and responses answer in their own shapes") {
  Mocked mock;
  const auto completion = mock.call("/v1/completions", R"({"model":"echo","prompt":"abc"})");
  CHECK(completion.json().root()["object"].says("text_completion"));
  CHECK(completion.json().root()["choices"].at(0)["text"].says("abc"));
  CHECK(
      events(mock.call("/v1/completions", R"({"model":"echo","prompt":"abc","stream":true})").body).back() ==
      "[DONE]");

  const auto whole = mock.call("/v1/responses", R"({"model":"echo","input":"abc"})");
  CHECK(whole.json().root()["status"].says("completed"));
  CHECK(whole.json().root()["output"].at(0)["content"].at(0)["text"].says("abc"));
  CHECK(whole.json().root()["usage"]["output_tokens"].integer() == 1);
}

TEST_CASE("a Responses stream has its events in the vendor's order, numbered") {
  Mocked mock;
  auto types = [&](std::string_view model, const std::string& more) {
    std::string order;
    int64_t number = 0;
    for (const auto& event :
         events(mock.call("/v1/responses", R"({"model":")" + std::string(model) +
                                               R"(","input":"ab","stream":true)" + more + "}")
                    .body)) {
      const auto doc = json::Doc::parse(event).value();
      CHECK(doc.root()["sequence_number"].integer() == number++);
      order += doc.root()["type"].text().substr(9) + " ";
    }
    return order;
  };
  CHECK(types("echo", "") ==
        "created in_progress output_item.added content_part.added output_text.delta output_text.done "
        "content_part.done "
        "output_item.done completed ");
  CHECK(types("tool", R"(,"tools":[{"type":"function","name":"t","parameters":{}}])")
            .starts_with("created in_progress output_item.added function_call_arguments.delta"));
  CHECK(types("echo", R"(,"max_output_tokens":0)").ends_with("incomplete "));
  CHECK(types("refuse", "").find("refusal.done") != std::string::npos);
}

TEST_CASE("embeddings are the same in every run, near for like texts, and come as floats or base64") {
  Mocked mock;
  const auto floats = mock.call("/v1/embeddings",
                                R"({"model":"echo","input":["the cat sat","stocks fell"],"dimensions":64})");
  const auto reply = floats.json();
  CHECK(reply.root()["data"].size() == 2);
  CHECK(reply.root()["data"].at(1)["index"].integer() == 1);
  CHECK(reply.root()["data"].at(0)["embedding"].size() == 64);
  CHECK(reply.root()["usage"]["prompt_tokens"].integer() == 6);
  const auto coded =
      mock.call("/v1/embeddings",
                R"({"model":"echo","input":"the cat sat","dimensions":64,"encoding_format":"base64"})");
  const auto bytes = base64_decoded(coded.json().root()["data"].at(0)["embedding"].text()).value();
  CHECK(bytes.size() == 256);
  float first = 0;
  std::memcpy(&first, bytes.data(), 4);
  CHECK(first == doctest::Approx(*reply.root()["data"].at(0)["embedding"].at(0).number()));
  auto cosine = [](std::string_view a, std::string_view b) {
    const auto x = embedding_of(a, 256), y = embedding_of(b, 256);
    double sum = 0;
    for (size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
    return sum;
  };
  CHECK(cosine("the cat sat", "the cat sat") == doctest::Approx(1));
  CHECK(cosine("the cat sat", "a cat sat") > cosine("the cat sat", "stocks fell today"));
  CHECK(mock.call("/v1/embeddings", R"({"model":"echo"})").status == 400);
}

TEST_CASE("the rest of the API answers as its clients expect") {
  Mocked mock;
  CHECK(mock.call("/v1/models", "", {}, "GET").json().root()["data"].at(0)["id"].says("echo"));
  CHECK(mock.call("/v1/models/lorem-5-50", "", {}, "GET").json().root()["id"].says("lorem-5-50"));
  CHECK(mock.call("/v1/models/none", "", {}, "GET").status == 404);
  const auto moderation = mock.call("/v1/moderations", R"({"model":"echo","input":["fine","flagged"]})");
  CHECK(moderation.json().root()["results"].at(0)["flagged"].boolean() == false);
  CHECK(moderation.json().root()["results"].at(1)["flagged"].boolean() == true);
  const auto image = mock.call("/v1/images/generations", R"({"model":"echo","prompt":"x"})");
  CHECK(base64_decoded(image.json().root()["data"].at(0)["b64_json"].text())->starts_with("\x89PNG"));
  CHECK(mock.call("/v1/audio/speech", R"({"model":"echo","input":"x","response_format":"wav"})")
            .body.starts_with("RIFF"));
  net::Headers form;
  form.add("Content-Type", "multipart/form-data; boundary=xx");
  const auto part = [](std::string name, std::string value) {
    return "--xx\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  };
  const auto heard = mock.call("/v1/audio/transcriptions",
                               part("file", "RIFFdata") + part("model", "echo") + "--xx--\r\n", form);
  CHECK(heard.json().root()["text"].says("A recording of 8 bytes."));
  CHECK(mock.call("/v1/audio/transcriptions", part("file", "x") + part("model", "fail-500") + "--xx--\r\n",
                  form)
            .status == 500);
  const auto file =
      mock.call("/v1/files", part("purpose", "batch") + part("file", "{}") + "--xx--\r\n", form);
  const auto id = file.json().root()["id"].text();
  CHECK(mock.call("/v1/files/" + id, "", {}, "GET").json().root()["purpose"].says("batch"));
  CHECK(mock.call("/v1/files/" + id + "/content", "", {}, "GET").body == "{}");
  const auto batch =
      mock.call("/v1/batches", R"({"input_file_id":")" + id +
                                   R"(","endpoint":"/v1/chat/completions","completion_window":"24h"})");
  CHECK(mock.call("/v1/batches/" + batch.json().root()["id"].text(), "", {}, "GET")
            .json()
            .root()["input_file_id"]
            .says(id));
  CHECK(mock.call("/v1/files/" + id, "", {}, "DELETE").json().root()["deleted"].boolean() == true);
  CHECK(mock.call("/v1/files/" + id, "", {}, "GET").status == 404);
}

TEST_CASE("Azure's paths name the model, or leave the version out") {
  Mocked mock;
  CHECK(mock.call("/openai/deployments/echo/chat/completions?api-version=1",
                  R"({"messages":[{"role":"user","content":"x"}]})")
            .status == 200);
  CHECK(mock.call("/openai/responses", R"({"model":"echo","input":"x"})").status == 200);
}

TEST_CASE("what the mock says our own codecs read") {
  Mocked mock;
  const auto& chat = *dialects::codec(dialects::Dialect::openai_chat);
  CHECK(chat.read_reply(mock.chat("echo").body)->usage.output == 3);
  CHECK(chat.read_reply(mock.chat("first-error").body)->error_object != "");
  CHECK_FALSE(chat.read_reply(mock.chat("malformed").body));
  CHECK_FALSE(chat.read_reply(mock.chat("empty").body));
  CHECK(dialects::codec(dialects::Dialect::openai_responses)
            ->read_reply(mock.call("/v1/responses", R"({"model":"echo","input":"x"})").body));
}
