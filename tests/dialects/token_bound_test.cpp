// docs: budgets, "What a call holds"; and how a limit is said in each dialect.
#include "dialects/token_bound.h"

#include <doctest/doctest.h>

#include "dialects/codec.h"
#include "dialects/output_limit.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

TokenBound bound_of(Dialect d, const std::string& body, std::optional<int64_t> context = {},
                    std::optional<int64_t> max_output = {}, bool translated = false) {
  Request request;
  request.dialect = d;
  request.body = body;
  const auto decoded = codec(d)->decode_request(request);
  REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().message));
  return token_bound(request, context, max_output, translated);
}

const std::string kPicture(10'000, 'A');

}  // namespace

TEST_CASE("text counts by its bytes, and never more than the context") {
  const std::string body = R"({"model":"m","messages":[{"role":"user","content":"hello"}],"max_tokens":7})";
  const auto bound = bound_of(Dialect::openai_chat, body);
  CHECK(bound.input == static_cast<int64_t>(body.size()));
  CHECK(bound.output == 7);
  CHECK(bound_of(Dialect::openai_chat, body, 50).input == 50);
}

TEST_CASE("a picture counts as one, whatever its bytes, in every dialect") {
  const std::pair<Dialect, std::string> bodies[] = {
      {Dialect::openai_chat,
       R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":)"
       R"({"url":"data:image/png;base64,)" +
           kPicture + R"("}}]}]})"},
      {Dialect::openai_responses,
       R"({"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,)" +
           kPicture + R"("}]}]})"},
      {Dialect::anthropic_messages,
       R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":)"
       R"({"type":"base64","media_type":"image/png","data":")" +
           kPicture + R"("}}]}]})"},
      {Dialect::gemini_generate,
       R"({"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":")" + kPicture + R"("}}]}]})"},
      {Dialect::bedrock_converse,
       R"({"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":")" + kPicture +
           R"("}}}]}]})"},
      {Dialect::ollama_chat,
       R"({"model":"m","messages":[{"role":"user","content":"x","images":[")" + kPicture + R"("]}]})"},
  };
  for (const auto& [dialect, body] : bodies) {
    CAPTURE(name(dialect));
    const auto bound = bound_of(dialect, body);
    REQUIRE(bound.input);
    CHECK(*bound.input >= 50'000);
    CHECK(*bound.input < 50'000 + 400);
  }
}

TEST_CASE("text in a picture's place is text, and what is no picture counts by its bytes") {
  const std::string prose(3000, ' ');
  const auto hidden = bound_of(
      Dialect::openai_chat,
      R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":)"
      R"({"name":"f","parameters":{"properties":{"image":{"type":"string","description":"a )" +
          prose + R"("}}}}}]})");
  CHECK(*hidden.input >= 53'000);
  const auto audio = bound_of(Dialect::openai_chat,
                              R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio",)"
                              R"("input_audio":{"format":"wav","data":")" +
                                  kPicture + R"("}}]}]})");
  CHECK(*audio.input >= 10'000);
}

TEST_CASE("what the request only names counts as the whole context, and without one nothing bounds it") {
  for (const std::string body :
       {R"({"model":"m","input":"x","previous_response_id":"resp_1"})",
        R"({"model":"m","input":[{"role":"user","content":[{"type":"input_file","file_id":"file-1"}]}]})"}) {
    CAPTURE(body);
    CHECK(bound_of(Dialect::openai_responses, body, 128'000).input == 128'000);
    CHECK(!bound_of(Dialect::openai_responses, body).input);
  }
  const std::string document =
      R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"document","source":)"
      R"({"type":"url","url":"https://x.test/a.pdf"}}]}]})";
  CHECK(!bound_of(Dialect::anthropic_messages, document).input);
}

TEST_CASE("each answer that is asked for counts, at the client's limit, else the model's") {
  const std::string messages = R"("messages":[{"role":"user","content":"x"}])";
  CHECK(bound_of(Dialect::openai_chat, R"({"model":"m","n":3,"max_tokens":10,)" + messages + "}").output ==
        30);
  CHECK(bound_of(Dialect::openai_chat, R"({"model":"m",)" + messages + "}", {}, 500).output == 500);
  CHECK(!bound_of(Dialect::openai_chat, R"({"model":"m",)" + messages + "}").output);
  CHECK(
      bound_of(Dialect::openai_completions, R"({"model":"m","best_of":2,"max_tokens":10,"prompt":["a","b"]})")
          .output == 40);
  CHECK(bound_of(Dialect::gemini_generate,
                 R"({"contents":[],"generationConfig":{"candidateCount":2,"maxOutputTokens":10}})")
            .output == 20);
  CHECK(bound_of(Dialect::openai_embeddings, R"({"model":"m","input":"x"})").output == 0);
  // Thoughts come on top where the limit is translated.
  const std::string thinks = R"({"model":"m","max_tokens":10,"reasoning_effort":"high",)" + messages + "}";
  CHECK(bound_of(Dialect::openai_chat, thinks, {}, {}, true).output > 24'576);
  CHECK(bound_of(Dialect::openai_chat, thinks, {}, 8'000, true).output == 8'000);
  CHECK(bound_of(Dialect::openai_chat, thinks).output == 10);
  // No number of choices overflows.
  CHECK(
      *bound_of(Dialect::openai_chat,
                R"({"model":"m","n":9223372036854775807,"max_tokens":9223372036854775807,)" + messages + "}")
           .output > 1'000'000'000);
}

TEST_CASE("a limit is said in the words of the dialect, and everything else stays") {
  struct Case {
    Dialect dialect;
    std::string_view kind, body, limited;
  };
  for (const Case& c : {
           Case{Dialect::openai_chat, "openai", R"({"model":"m"})",
                R"({"model":"m","max_completion_tokens":9})"},
           Case{Dialect::openai_chat, "groq", R"({"model":"m"})", R"({"model":"m","max_tokens":9})"},
           Case{Dialect::openai_completions, "openai", R"({"a":1})", R"({"a":1,"max_tokens":9})"},
           Case{Dialect::openai_responses, "openai", R"({"a":1})", R"({"a":1,"max_output_tokens":9})"},
           Case{Dialect::anthropic_messages, "anthropic", R"({"max_tokens":99})", R"({"max_tokens":9})"},
           Case{Dialect::gemini_generate, "gemini", R"({"a":1})",
                R"({"a":1,"generationConfig":{"maxOutputTokens":9}})"},
           Case{Dialect::gemini_generate, "gemini", R"({"generationConfig":{"topK":1}})",
                R"({"generationConfig":{"topK":1,"maxOutputTokens":9}})"},
           Case{Dialect::bedrock_converse, "bedrock", R"({"a":1})",
                R"({"a":1,"inferenceConfig":{"maxTokens":9}})"},
           Case{Dialect::cohere_chat, "cohere", R"({"a":1})", R"({"a":1,"max_tokens":9})"},
           Case{Dialect::ollama_chat, "ollama", R"({"a":1})", R"({"a":1,"options":{"num_predict":9}})"},
           Case{Dialect::openai_embeddings, "openai", R"({"a":1})", R"({"a":1})"},
       }) {
    CAPTURE(name(c.dialect));
    const auto doc = json::Doc::parse(c.body);
    CHECK(with_output_limit(c.dialect, c.kind, doc->root(), 9) == c.limited);
    CHECK(can_limit_output(c.dialect) == (c.body != c.limited));
  }
}
