#include "dialects/strict_schema.h"

#include <doctest/doctest.h>

#include "dialects/codec.h"

using namespace llmgw;
using namespace llmgw::dialects;

TEST_CASE("a schema fits OpenAI's strict mode when every object of it is closed and complete") {
  struct Case {
    std::string_view schema;
    bool fits;
  };
  for (
      const auto& [schema, expected] : std::initializer_list<Case>{
          {R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false})",
           true},
          {R"({"type":"object","properties":{},"additionalProperties":false})", true},
          {R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"]})", false},
          {R"({"type":"object","properties":{"a":{}},"required":[],"additionalProperties":false})", false},
          {R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}},"required":["a"],"additionalProperties":false})",
           false},
          {R"({"type":["object","null"],"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"required":["a"],"additionalProperties":false})",
           true},
          {R"({"type":"object","properties":{"a":{"oneOf":[]}},"required":["a"],"additionalProperties":false})",
           false},
          {R"({"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"required":["a"],"additionalProperties":false,"$defs":{"b":{"type":"object"}}})",
           false},
          {R"({"type":"string"})", false},
          {"", false},
          {"no json", false}}) {
    CAPTURE(schema);
    CHECK(fits_strict(schema) == expected);
  }
}

TEST_CASE("OpenAI gets a strict tool whose schema it would refuse without the word, and the client is told") {
  Conversation c;
  c.messages.push_back({Role::user, {{Text{.text = "x", .citations = {}}, {}}}, {}});
  Tool tool;
  tool.name = "f";
  tool.strict = true;
  tool.parameters = R"({"type":"object","properties":{"a":{"type":"string"}}})";
  c.tools.push_back(tool);
  for (const Dialect dialect : {Dialect::openai_chat, Dialect::openai_responses}) {
    CAPTURE(name(dialect));
    Warnings told, silent;
    const auto* translation = codec(dialect)->translation();
    const std::string own = translation->write_request(c, {.model = "m", .kind = "openai"}, told);
    CHECK(own.find(R"("strict":true)") == std::string::npos);
    REQUIRE(told.size() == 1);
    CHECK(told[0].field == "tools[0].strict");
    // Others enforce what they can of it.
    const std::string other = translation->write_request(c, {.model = "m", .kind = "vllm"}, silent);
    CHECK(other.find(R"("strict":true)") != std::string::npos);
    CHECK(silent.empty());
  }
}
