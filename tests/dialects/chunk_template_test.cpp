#include "dialects/chunk_template.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "dialects/codec.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

const std::string kChunk =
    R"({"id":"x","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}],"obfuscation":"abc"})";

ChunkTemplate learned() {
  ChunkTemplate result;
  const auto at = [](std::string_view what) {
    return std::string_view(kChunk).substr(kChunk.find(what), what.size());
  };
  result.learn(kChunk, {at("\"Hello\""), at("\"abc\"")});
  return result;
}

}  // namespace

TEST_CASE("a chunk that differs in its strings only matches; anything else has to be read") {
  const auto with = [](std::string_view text, std::string_view padding) {
    return R"({"id":"x","choices":[{"index":0,"delta":{"content":")" + std::string(text) +
           R"("},"finish_reason":null}],"obfuscation":")" + std::string(padding) + R"("})";
  };
  const auto chunk_template = learned();
  int64_t bytes = 0;
  CHECK(chunk_template.matches(with("world", "12345"), bytes));
  CHECK(bytes == 5);
  CHECK(chunk_template.matches(with("wörld 😀", "1"), bytes));
  for (const auto& other :
       {with("", "1"), with("a", ""), with("a\\n", "1"), with("a\nb", "1"), with("\xff", "1"),
        with("a\"},\"finish_reason\":\"stop\",\"x\":{\"y\":\"", "1"), with("a", "1") + " ",
        std::string(R"({"id":"y","choices":[]})"), std::string(), kChunk.substr(0, 60)}) {
    CAPTURE(other);
    CHECK_FALSE(chunk_template.matches(other, bytes));
  }
}

TEST_CASE("a stream reads the same with and without what it learned") {
  // Each chunk alone, by a reader that has learned nothing, and in a row.
  const std::vector<std::string> chunks = {
      R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"content":"bc"},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]})",
      R"({"choices":[{"index":1,"delta":{"content":"d"},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"content":"e"},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"}]})",
      R"({"choices":[{"index":0,"delta":{"reasoning_content":"f"},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"content":"\u00e9"},"finish_reason":null}]})",
      R"({"choices":[{"index":0,"delta":{"content":"g","refusal":null},"finish_reason":null}],"usage":null})",
      R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
      R"({"error":{"message":"x"}})",
  };
  auto row = codec(Dialect::openai_chat)->stream_reader();
  for (int round = 0; round < 3; ++round) {
    for (const auto& chunk : chunks) {
      CAPTURE(chunk);
      auto alone = codec(Dialect::openai_chat)->stream_reader();
      const auto expected = alone->read({{}, chunk, chunk}).value();
      const auto seen = row->read({{}, chunk, chunk}).value();
      CHECK(seen.content == expected.content);
      CHECK(seen.finish == expected.finish);
      CHECK(seen.holdable == expected.holdable);
      CHECK(seen.usage_only == expected.usage_only);
      CHECK(seen.error_object == expected.error_object);
    }
  }
}
