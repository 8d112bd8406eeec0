// docs: "HTTP", embeddings; fixtures: tests/wire/gemini_embed.
#include "dialects/embedding.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "dialects/codec.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

std::string wire(const std::string& name) {
  std::ifstream file("tests/wire/gemini_embed/" + name, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  REQUIRE_MESSAGE(!out.str().empty(), name);
  return out.str();
}

const EmbeddingTranslation& of(Dialect d) {
  return *codec(d)->embeddings();
}

void fill(Request& request, Dialect dialect, std::string path, std::string body) {
  request.dialect = dialect;
  request.path = std::move(path);
  request.model = "m";
  request.body = std::move(body);
  const auto decoded = codec(dialect)->decode_request(request);
  REQUIRE_MESSAGE(decoded.has_value(), (decoded ? "" : decoded.error().message));
}

}  // namespace

TEST_CASE("a Gemini client's embeddings are asked of OpenAI, and come back in its shape") {
  Request request;
  fill(request, Dialect::gemini_embed, ":batchEmbedContents", wire("batch.json"));
  const auto asked = of(Dialect::gemini_embed).read_request(request).value();
  CHECK(asked.inputs == std::vector<std::string>{"a", "bc"});
  CHECK(asked.dimensions == 3);
  CHECK(asked.unmodelled == std::vector<std::string>{"requests[0].taskType"});
  CHECK(of(Dialect::openai_embeddings).write_request(asked, "text-embedding-3-small") ==
        R"({"model":"text-embedding-3-small","input":["a","bc"],"dimensions":3,"encoding_format":"float"})");

  const auto answer =
      of(Dialect::openai_embeddings)
          .read_answer(
              R"({"data":[{"index":1,"embedding":[1,0,-0.002]},{"index":0,"embedding":[0.1,-0.25,0.5]}],)"
              R"("model":"e","usage":{"prompt_tokens":4,"total_tokens":4}})")
          .value();
  CHECK(answer.usage.input == 4);
  CHECK(
      of(Dialect::gemini_embed).write_answer(answer, asked, "m") ==
      R"({"embeddings":[{"values":[0.1,-0.25,0.5]},{"values":[1,0,-0.002]}],"usageMetadata":{"promptTokenCount":4}})");
}

TEST_CASE("embedContent has one vector in its reply") {
  Request request;
  fill(request, Dialect::gemini_embed, ":embedContent", R"({"content":{"parts":[{"text":"a"}]}})");
  const auto asked = of(Dialect::gemini_embed).read_request(request).value();
  CHECK(asked.single);
  const auto answer = of(Dialect::gemini_embed).read_answer(wire("reply.json")).value();
  CHECK(of(Dialect::gemini_embed).write_answer(answer, asked, "m") ==
        R"({"embedding":{"values":[0.1,-0.25,0.5]}})");
}

TEST_CASE("an OpenAI client's embeddings are asked of Gemini in one batch, and come as it wants them") {
  const auto answer = of(Dialect::gemini_embed).read_answer(wire("batch_reply.json")).value();
  struct Case {
    std::string format, expected;
  };
  for (const auto& [format, expected] : std::vector<Case>{{"float", R"("embedding":[0.1,-0.25,0.5])"},
                                                          // struct.pack("<3f", 0.1, -0.25, 0.5)
                                                          {"base64", R"("embedding":"zczMPQAAgL4AAAA/")"}}) {
    CAPTURE(format);
    Request request;
    fill(request, Dialect::openai_embeddings, "/embeddings",
         R"({"model":"m","input":["a","b"],"dimensions":3,"encoding_format":")" + format + R"("})");
    const auto asked = of(Dialect::openai_embeddings).read_request(request).value();
    CHECK(of(Dialect::gemini_embed).write_request(asked, "g") ==
          R"({"requests":[{"model":"models/g","content":{"parts":[{"text":"a"}]},"outputDimensionality":3},)"
          R"({"model":"models/g","content":{"parts":[{"text":"b"}]},"outputDimensionality":3}]})");
    const auto body = of(Dialect::openai_embeddings).write_answer(answer, asked, "g");
    CAPTURE(body);
    CHECK(body.find(expected) != std::string::npos);
    CHECK(body.find(R"("model":"g")") != std::string::npos);
    // And OpenAI's own form is read back to the same vectors.
    const auto again = of(Dialect::openai_embeddings).read_answer(body).value();
    CHECK(again.vectors.at(0).at(1) == -0.25);
    CHECK(again.vectors.at(0).at(0) == doctest::Approx(0.1));
  }
}

TEST_CASE("embeddings that cannot be asked of another vendor are refused with the field's path") {
  struct Case {
    Dialect dialect;
    std::string path, body, param, code;
  };
  for (const auto& c : std::vector<Case>{
           {Dialect::openai_embeddings, "/embeddings", R"({"model":"m","input":[[1,2]]})", "input[0]",
            "unsupported_parameter"},
           {Dialect::openai_embeddings, "/embeddings", R"({"model":"m","input":[]})", "input",
            "invalid_value"},
           {Dialect::openai_embeddings, "/embeddings", R"({"model":"m","input":"a","encoding_format":"hex"})",
            "encoding_format", "invalid_value"},
           {Dialect::gemini_embed, ":embedContent", R"({"content":{"parts":[{"inlineData":{}}]}})",
            "content.parts[0]", "unsupported_parameter"},
           {Dialect::gemini_embed, ":batchEmbedContents", R"({"requests":[{}]})", "requests[0].content",
            "invalid_value"},
           {Dialect::gemini_embed, ":batchEmbedContents", R"({"requests":[]})", "requests",
            "invalid_value"}}) {
    CAPTURE(c.body);
    Request request;
    fill(request, c.dialect, c.path, c.body);
    const auto asked = of(c.dialect).read_request(request);
    REQUIRE(!asked);
    CHECK(asked.error().param == c.param);
    CHECK(asked.error().code == c.code);
  }
}

TEST_CASE("a reply without vectors is no answer") {
  for (const auto d : {Dialect::gemini_embed, Dialect::openai_embeddings}) {
    for (const auto* body :
         {"{}", "nothing", R"({"embeddings":[{"values":[]}]})", R"({"data":[{"embedding":[]}]})"}) {
      CAPTURE(body);
      CHECK(of(d).read_answer(body).error().error_class == ErrorClass::invalid_response);
    }
  }
}

TEST_CASE("each request of a passed batch names the target's model") {
  Request request;
  fill(request, Dialect::gemini_embed, ":batchEmbedContents",
       R"({"requests":[{"model":"models/a","content":{"parts":[]}},{"content":{}}],"fallbacks":["x/y"]})");
  json::Edit edit(request.doc->root());
  codec(Dialect::gemini_embed)->edit_request(request, "b", false, edit);
  CHECK(edit.apply() ==
        R"({"requests":[{"model":"models/b","content":{"parts":[]}},{"content":{},"model":"models/b"}]})");
}
