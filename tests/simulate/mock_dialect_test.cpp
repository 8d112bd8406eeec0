// The mock answers in the dialect asked.
#include <doctest/doctest.h>
#include <zlib.h>

#include "tests/simulate/mocked.h"

using namespace llmgw;
using namespace llmgw::simulate;

namespace {

std::string messages(std::string_view model, std::string_view more = "") {
  return R"({"model":")" + std::string(model) +
         R"(","max_tokens":100,"messages":[{"role":"user","content":"Hello"}])" + std::string(more) + "}";
}

const std::string kContents = R"({"contents":[{"role":"user","parts":[{"text":"Hello"}]}]})";
const std::string kConverse = R"({"messages":[{"role":"user","content":[{"text":"Hello"}]}]})";

uint32_t number(std::string_view bytes) {
  uint32_t n = 0;
  for (const char c : bytes.substr(0, 4)) n = n << 8 | static_cast<unsigned char>(c);
  return n;
}

uint32_t crc(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

}  // namespace

TEST_CASE("Anthropic's messages, whole and streamed") {
  Mocked mock;
  const auto whole = mock.call("/v1/messages", messages("echo"));
  CHECK(whole.status == 200);
  CHECK(whole.headers.get("request-id").starts_with("req_"));
  const auto reply = whole.json();
  CHECK(reply.root()["type"].says("message"));
  CHECK(reply.root()["content"].at(0)["text"].says("Hello"));
  CHECK(reply.root()["stop_reason"].says("end_turn"));
  CHECK(reply.root()["usage"]["input_tokens"].integer() == 2);

  const auto stream = mock.call("/v1/messages?beta=true", messages("echo", R"(,"stream":true)"));
  std::string types, text;
  for (const auto& event : events(stream.body)) {
    const auto doc = json::Doc::parse(event).value();
    types += doc.root()["type"].text() + " ";
    text += doc.root()["delta"]["text"].text();
  }
  CHECK(types ==
        "message_start content_block_start ping content_block_delta content_block_delta content_block_stop "
        "message_delta message_stop ");
  CHECK(text == "Hello");
  CHECK(stream.has("event: message_start\n"));

  const auto tool = mock.call(
      "/v1/messages",
      messages(
          "tool",
          R"(,"tools":[{"name":"t","input_schema":{"type":"object","required":["a"],"properties":{"a":{"type":"integer"}}}}])"));
  CHECK(tool.json().root()["content"].at(0)["input"].raw() == R"({"a":0})");
  CHECK(tool.json().root()["stop_reason"].says("tool_use"));
  CHECK(mock.call("/v1/messages/count_tokens", messages("echo")).json().root()["input_tokens"].integer() ==
        2);
}

TEST_CASE("Anthropic's errors") {
  Mocked mock;
  for (const auto& [model, status, type] :
       std::initializer_list<std::tuple<std::string_view, int, std::string_view>>{
           {"fail-401", 401, "authentication_error"},
           {"fail-402", 402, "billing_error"},
           {"fail-404", 404, "not_found_error"},
           {"fail-429", 429, "rate_limit_error"},
           {"fail-500", 500, "api_error"},
           {"fail-529", 529, "overloaded_error"},
           {"none", 404, "not_found_error"}}) {
    CAPTURE(model);
    const auto got = mock.call("/anthropic/v1/messages", messages(model));
    CHECK(got.status == status);
    CHECK(got.json().root()["type"].says("error"));
    CHECK(got.json().root()["error"]["type"].text() == type);
  }
  CHECK(mock.call("/v1/messages", messages("first-error", R"(,"stream":true)"))
            .body.starts_with("event: error\n"));
  CHECK(mock.call("/v1/messages", R"({"model":"echo","messages":[{"role":"user","content":"x"}]})").status ==
        400);
}

TEST_CASE("Gemini's generateContent, whole and streamed, and its errors") {
  Mocked mock;
  const auto whole = mock.call("/v1beta/models/echo:generateContent", kContents);
  CHECK(whole.json().root()["candidates"].at(0)["content"]["parts"].at(0)["text"].says("Hello"));
  CHECK(whole.json().root()["usageMetadata"]["totalTokenCount"].integer() == 4);
  const auto all = events(mock.call("/v1beta/models/echo:streamGenerateContent?alt=sse", kContents).body);
  std::string text;
  for (const auto& event : all)
    text += json::Doc::parse(event)->root()["candidates"].at(0)["content"]["parts"].at(0)["text"].text();
  CHECK(text == "Hello");
  CHECK(all.back().find(R"("finishReason":"STOP")") != std::string::npos);
  const auto limited = mock.call("/v1beta/models/fail-429:generateContent", kContents);
  CHECK(limited.status == 429);
  CHECK(limited.json().root()["error"]["status"].says("RESOURCE_EXHAUSTED"));
  CHECK(limited.json().root()["error"]["details"].at(0)["retryDelay"].says("1s"));
  const auto key = mock.call("/v1beta/models/fail-401:generateContent", kContents);
  CHECK(key.status == 400);
  CHECK(key.json().root()["error"]["details"].at(0)["reason"].says("API_KEY_INVALID"));
  CHECK(mock.call("/v1beta/models/echo:countTokens", kContents).json().root()["totalTokens"].integer() == 2);
  CHECK(mock.call("/v1beta/models/echo:batchEmbedContents",
                  R"({"requests":[{"content":{"parts":[{"text":"x"}]},"outputDimensionality":8}]})")
            .json()
            .root()["embeddings"]
            .at(0)["values"]
            .size() == 8);
}

TEST_CASE("Bedrock's converse, whole and as frames with both checksums, and its errors") {
  Mocked mock;
  const auto whole = mock.call("/model/echo/converse", kConverse);
  CHECK(whole.json().root()["output"]["message"]["content"].at(0)["text"].says("Hello"));
  CHECK(whole.json().root()["usage"]["totalTokens"].integer() == 4);
  const auto stream = mock.call("/model/lorem-3-100%3A0/converse-stream", kConverse);
  CHECK(stream.status == 400);  // "lorem-3-100:0" is no model
  const auto frames = mock.call("/model/echo/converse-stream", kConverse);
  std::string_view rest = frames.body;
  std::string text;
  size_t count = 0;
  while (!rest.empty()) {
    const uint32_t total = number(rest), headers = number(rest.substr(4));
    REQUIRE(total <= rest.size());
    CHECK(number(rest.substr(8)) == crc(rest.substr(0, 8)));
    CHECK(number(rest.substr(total - 4)) == crc(rest.substr(0, total - 4)));
    const std::string payload(rest.substr(12 + headers, total - headers - 16));
    text += json::Doc::parse(payload)->root()["delta"]["text"].text();
    rest.remove_prefix(total);
    ++count;
  }
  CHECK(count == 6);
  CHECK(text == "Hello");
  const auto limited = mock.call("/model/fail-429/converse", kConverse);
  CHECK(limited.status == 429);
  CHECK(limited.headers.get("x-amzn-errortype").starts_with("ThrottlingException"));
}
