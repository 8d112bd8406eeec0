#include "dialects/strict_schema.h"

#include "base/json.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

constexpr int kDeepest = 10;  // OpenAI's own limit of nesting is 10

bool holds(Value array, std::string_view text) {
  for (auto [_, element] : array.elements()) {
    if (element.says(text)) return true;
  }
  return false;
}

bool is_object(Value schema) {
  return schema["type"].says("object") || schema["properties"] || holds(schema["type"], "object");
}

bool fits(Value schema, int depth) {
  if (depth > kDeepest) return false;
  if (is_object(schema)) {
    if (schema["additionalProperties"].boolean() != false) return false;
    const auto required = schema["required"];
    for (auto [name, property] : schema["properties"].members()) {
      if (!holds(required, name.text()) || !fits(property, depth + 1)) return false;
    }
  }
  if (schema["items"].is(Kind::object) && !fits(schema["items"], depth + 1)) return false;
  for (auto [_, choice] : schema["anyOf"].elements()) {
    if (!fits(choice, depth + 1)) return false;
  }
  for (const std::string_view group : {"$defs", "definitions"}) {
    for (auto [_, definition] : schema[group].members()) {
      if (!fits(definition, depth + 1)) return false;
    }
  }
  // What it has no words for at all.
  return !schema["oneOf"] && !schema["allOf"] && !schema["not"] && !schema["patternProperties"];
}

}  // namespace

bool fits_strict(std::string_view schema) {
  const auto doc = json::Doc::parse(schema, {.allow_lone_surrogates = true});
  return doc && is_object(doc->root()) && fits(doc->root(), 0);
}

std::optional<bool> strict_for(std::string_view kind, std::optional<bool> strict, std::string_view schema,
                               std::string field, Warnings& warnings) {
  const bool own = kind == "openai" || kind == "azure";
  if (!own || !strict.value_or(false) || fits_strict(schema)) return strict;
  warn(warnings, warning::kChanged, std::move(field));
  return false;
}

}  // namespace llmgw::dialects
