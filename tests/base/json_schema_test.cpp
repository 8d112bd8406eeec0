#include "base/json_schema.h"

#include <doctest/doctest.h>

using namespace llmgw;

namespace {

// What is wrong with `value` by `schema`; "" when it fits.
std::string wrong(std::string schema, std::string_view value) {
  const auto parsed = json::Schema::parse(std::move(schema));
  REQUIRE_MESSAGE(parsed, (parsed ? "" : parsed.error().message));
  const auto doc = json::Doc::parse(value);
  REQUIRE(doc);
  return parsed->mismatch(doc->root()).value_or("");
}

struct Case {
  const char *schema, *fits, *fails, *why;
};

constexpr const char* kNode =
    R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["next"]}}})";

constexpr Case kCases[] = {
    {R"({"type":"object"})", "{}", "[]", "$: expected object, not an array"},
    {R"({"type":["string","null"]})", "null", "3", "$: expected string or null, not a number"},
    {R"({"type":"integer"})", "3.0", "3.5", "$: expected integer, not a number"},
    {R"({"type":"null"})", "null", "{}", "$: expected null, not an object"},
    {R"({"type":"boolean"})", "true", "\"true\"", "$: expected boolean, not a string"},
    {R"({"enum":["a",1,{"b":[2]}]})", R"({"b":[2.0]})", R"({"b":[3]})", "$: expected one of"},
    {R"({"const":"\u0061"})", "\"a\"", "\"b\"", "$: expected"},
    {R"({"required":["a"]})", R"({"a":null})", "{}", "$: 'a' is missing"},
    {R"({"properties":{"a":{"items":{"type":"string"}}}})", R"({"a":["x"]})", R"({"a":["x",2]})",
     "$.a[1]: expected string, not a number"},
    {R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1})", R"({"b":1})",
     "$: 'b' is not allowed"},
    {R"({"additionalProperties":{"type":"number"}})", R"({"b":1})", R"({"b":""})", "$.b: expected number"},
    {R"({"minItems":1,"maxItems":2})", "[1]", "[]", "$: it has 0 elements, not at least 1"},
    {R"({"maxItems":2})", "[1,2]", "[1,2,3]", "$: it has 3 elements, not at most 2"},
    {R"({"uniqueItems":true})", "[1,2]", "[1,1.0]", "$: 1.0 stands in it twice"},
    {R"({"minimum":2})", "2", "1", "$: 1 is not at least 2"},
    {R"({"maximum":2})", "2", "2.5", "$: 2.5 is not at most 2"},
    {R"({"exclusiveMinimum":2})", "3", "2", "$: 2 is not above 2"},
    {R"({"exclusiveMaximum":2})", "1", "2", "$: 2 is not below 2"},
    {R"({"multipleOf":0.1})", "0.3", "0.35", "$: 0.35 is not a multiple of 0.1"},
    {R"({"minLength":2})", "\"äö\"", "\"ä\"", "$: it has 1 characters, not at least 2"},
    {R"({"maxLength":2})", "\"äö\"", "\"abc\"", "$: it has 3 characters, not at most 2"},
    {R"({"pattern":"^a+$"})", "\"aa\"", "\"ab\"", "$: \"ab\" does not match"},
    {R"({"anyOf":[{"type":"string"},{"type":"null"}]})", "null", "1", "$: fits none of 'anyOf'"},
    {R"({"oneOf":[{"minimum":1},{"maximum":3}]})", "4", "2", "$: fits 2 of 'oneOf'"},
    {R"({"allOf":[{"minimum":1},{"maximum":3}]})", "2", "4", "$: 4 is not at most 3"},
    {R"({"not":{"type":"null"}})", "1", "null", "$: what 'not' describes"},
    {R"({"minProperties":1})", R"({"a":1})", "{}", "$: it has 0 members"},
    {kNode, R"({"next":{"next":null}})", R"({"next":{"next":1}})", "$.next: fits none of 'anyOf'"},
    {"true", "1", nullptr, nullptr},
};

}  // namespace

TEST_CASE("a value fits its schema, or the message says where it does not and why") {
  for (const auto& [schema, fits, fails, why] : kCases) {
    CAPTURE(schema);
    CHECK(wrong(schema, fits) == "");
    if (fails == nullptr) continue;
    const auto message = wrong(schema, fails);
    CAPTURE(message);
    CHECK(message.starts_with(why));
  }
}

TEST_CASE("a schema that cannot be checked is refused with its place") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"properties":{"a":{"patternProperties":{}}}})",
       "#/properties/a/patternProperties: the keyword is not checked here"},
      {R"({"pattern":"("})", "#/pattern: the pattern does not compile"},
      {R"({"items":{"$ref":"#/$defs/none"}})", "#/items/$ref: '#/$defs/none' is not in this document"},
      {R"({"type":"text"})", "#/type: expected one of object"},
      {R"({"anyOf":[]})", "#/anyOf: expected an array of schemas"},
      {"[]", "#: a schema is an object or a boolean"},
  };
  for (const auto& [schema, why] : cases) {
    CAPTURE(schema);
    const auto parsed = json::Schema::parse(schema);
    REQUIRE(!parsed);
    CHECK(parsed.error().message.find(why) != std::string::npos);
  }
  CHECK(!json::Schema::parse("{"));
}

TEST_CASE("a schema that refers to itself ends") {
  CHECK(wrong(R"({"$ref":"#"})", "1").find("deeper than") != std::string::npos);
}

TEST_CASE("strict is said of what OpenAI's strict mode takes, and of nothing else") {
  auto strict = [](const char* text) { return json::Schema::parse(text)->strict(); };
  CHECK(strict(
      R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false})"));
  CHECK(!strict(R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"]})"));
  CHECK(!strict(R"({"type":"object","properties":{"a":{}},"required":[],"additionalProperties":false})"));
  CHECK(!strict(R"({"type":"array","items":{"type":"object","properties":{"a":{}}}})"));
}
