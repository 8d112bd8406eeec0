#include "ask/answer.h"

#include <doctest/doctest.h>

#include "ask/asker.h"

using namespace llmgw;
using namespace llmgw::ask;

namespace {

constexpr std::string_view kReply =
    R"({"choices":[{"index":0,"message":{"role":"assistant","content":"Hi \ud83d\ude00"}}],"usage":{"prompt_tokens":3,"completion_tokens":2},)"
    R"("extra_fields":{"request_id":"req_1","provider":"b","model":"m","latency_ms":12,"cost_usd":0.001,"attempts":[)"
    R"({"provider":"a","model":"m","key":"main","status":503,"class":"overloaded","message":"busy","ms":5,"retry_after_s":1.5},)"
    R"({"provider":"b","model":"m","status":200,"ms":7}]}})";

std::string chunk(std::string_view text) {
  return R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string(text) + "\"}}]}\n\n";
}

// A stream written in pieces of `size` bytes.
Answer streamed(const std::string& bytes, size_t size, AnswerReader::OnText on_text = {}) {
  AnswerReader reader(std::move(on_text));
  REQUIRE(reader.begin(200, {}));
  for (size_t at = 0; at < bytes.size(); at += size) {
    if (!reader.write(std::string_view(bytes).substr(at, size))) {
      reader.abort();
      return reader.answer();
    }
  }
  (void)reader.end();
  return reader.answer();
}

}  // namespace

TEST_CASE("a whole reply is taken apart, and its trail is read") {
  AnswerReader reader;
  REQUIRE(reader.send(200, {}, kReply));
  const auto& answer = reader.answer();
  CHECK(answer.answered());
  CHECK(answer.text == "Hi \xf0\x9f\x98\x80");
  CHECK(answer.usage.output == 2);
  CHECK(answer.body == kReply);
  const auto record = record_of(answer);
  CHECK(record.id == "req_1");
  CHECK(record.fallback);
  CHECK(record.cost.value == 1'000'000);
  REQUIRE(record.attempts.size() == 2);
  CHECK(record.attempts[0].error_class == ErrorClass::overloaded);
  CHECK(record.attempts[0].retry_after == 1500ms);
  CHECK(what_was_rescued(record) == "a/m failed (503 overloaded: busy)");
}

TEST_CASE("a stream's text comes whole however its bytes are cut") {
  const std::string bytes = ": hello\n\n" + chunk("One ") + chunk("two") +
                            R"(data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}})" +
                            "\n\ndata: [DONE]\n\n";
  for (const size_t size : {size_t{1}, size_t{7}, bytes.size()}) {
    std::string shown;
    const auto answer = streamed(bytes, size, [&](std::string_view text) { return shown += text, true; });
    CHECK(answer.answered());
    CHECK(answer.text == "One two");
    CHECK(shown == answer.text);
    CHECK(answer.usage.input == 3);
  }
}

TEST_CASE("a stream without its end, or with an error, is no answer") {
  const auto unfinished = streamed(chunk("One "), 9);
  CHECK(!unfinished.answered());
  CHECK(unfinished.text == "One ");
  const auto cut = streamed(
      chunk("One ") + "data: {\"error\":{\"message\":\"broke off\",\"code\":\"stream_cut\"}}\n\n", 9);
  CHECK(!cut.answered());
  CHECK(cut.error == "broke off");
  CHECK(record_of(cut).cut);
}

TEST_CASE("a reader that leaves ends the stream") {
  int pieces = 0;
  const auto answer =
      streamed(chunk("a") + chunk("b") + chunk("c"), 1000, [&](std::string_view) { return ++pieces < 2; });
  CHECK(pieces == 2);
  CHECK(!answer.answered());
}

TEST_CASE("how the command ends follows from what became of the request") {
  auto ended = [](std::optional<ErrorClass> why, int called_with_status) {
    Reply reply;
    reply.answer.whole = !why;
    reply.record.error_class = why;
    if (called_with_status > 0)
      reply.record.attempts.push_back(
          {.provider = "a", .model = "m", .status = called_with_status, .error_class = why, .sent = true});
    return exit_code(reply);
  };
  CHECK(ended(std::nullopt, 200) == 0);
  CHECK(ended(ErrorClass::server_error, 500) == 1);
  CHECK(ended(ErrorClass::network, 0) == 1);
  CHECK(ended(ErrorClass::bad_request, 400) == 1);
  CHECK(ended(ErrorClass::bad_request, 0) == 2);
  CHECK(ended(ErrorClass::model_unavailable, 0) == 2);
  CHECK(ended(ErrorClass::model_unavailable, 404) == 1);
  CHECK(ended(ErrorClass::policy, 0) == 3);
  CHECK(ended(ErrorClass::budget, 0) == 3);
  CHECK(ended(ErrorClass::timeout, 504) == 4);
  Reply late;
  late.timed_out = true;
  CHECK(exit_code(late) == 4);
}

TEST_CASE("an error of a gateway elsewhere has the class that its code or status says") {
  auto class_of = [](int status, std::string_view body) {
    AnswerReader reader;
    REQUIRE(reader.send(status, {}, body));
    return record_of(reader.answer()).error_class;
  };
  CHECK(class_of(402, R"({"error":{"message":"m","code":"budget_exceeded"}})") == ErrorClass::budget);
  CHECK(class_of(403, R"({"error":{"message":"m"}})") == ErrorClass::policy);
  CHECK(class_of(504, R"({"error":{"message":"m"}})") == ErrorClass::timeout);
  CHECK(class_of(503, R"({"error":{"message":"m","code":"overloaded"}})") == ErrorClass::overloaded);
  CHECK(class_of(400, R"({"error":"m"})") == ErrorClass::bad_request);
  CHECK(class_of(502, "<html>") == ErrorClass::server_error);
}
