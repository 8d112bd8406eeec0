// Schemas in Gemini's subset of OpenAPI 3.0 (https://ai.google.dev/api/caching#Schema) as JSON Schema.
#include <array>

#include "base/text.h"
#include "dialects/gemini.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// Counts, which ProtoJSON writes as text: they are 64 bits wide.
constexpr std::array<std::string_view, 12> kCounts = {
    "minItems",  "maxItems",  "minProperties",  "maxProperties",  "minLength",  "maxLength",
    "min_items", "max_items", "min_properties", "max_properties", "min_length", "max_length"};

std::string camel(std::string_view name) {
  std::string out;
  bool up = false;
  for (const char c : name) {
    if (c == '_') {
      up = true;
    } else {
      out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      up = false;
    }
  }
  return out;
}

bool is_one_of(std::string_view name, std::span<const std::string_view> names) {
  for (const auto known : names) {
    if (name == known) return true;
  }
  return false;
}

void write_schema(json::Writer& writer, Value schema);

void write_type(json::Writer& writer, Value type, bool nullable) {
  if (!type.is(Kind::string)) {
    writer.key("type").raw(type.raw());
    return;
  }
  const std::string name = to_lower(type.text());
  if (name == "type_unspecified") return;
  writer.key("type");
  if (nullable && name != "null") {
    writer.begin_array().string(name).string("null").end_array();
  } else {
    writer.string(name);
  }
}

void write_member(json::Writer& writer, const std::string& name, Value value, bool nullable) {
  if (name == "type") return write_type(writer, value, nullable);
  // The order of properties is Gemini's own word; nullable went into the type.
  if (name == "nullable" || name == "propertyOrdering" || name == "property_ordering") return;
  if (name == "format" && value.says("enum")) return;
  if (is_one_of(name, kCounts)) {
    const std::string count = value.is(Kind::string) ? value.text() : std::string(value.raw());
    if (to_number<int64_t>(count)) writer.key(camel(name)).raw(count);
    return;
  }
  if (name == "properties" && value.is(Kind::object)) {
    writer.key("properties").begin_object();
    for (auto [key, property] : value.members()) {
      writer.key(key.text());
      write_schema(writer, property);
    }
    writer.end_object();
  } else if (name == "items" || name == "additionalProperties" || name == "additional_properties") {
    writer.key(camel(name));
    write_schema(writer, value);
  } else if (name == "anyOf" || name == "any_of") {
    writer.key("anyOf").begin_array();
    for (auto [_, one] : value.elements()) write_schema(writer, one);
    if (nullable) writer.begin_object().member("type", "null").end_object();
    writer.end_array();
  } else {
    writer.key(name).raw(value.raw());
  }
}

void write_schema(json::Writer& writer, Value schema) {
  if (!schema.is(Kind::object)) {
    writer.raw(schema.raw());
    return;
  }
  const bool nullable = schema["nullable"].boolean().value_or(false);
  const bool listed = gemini_field(schema, "anyOf").is(Kind::array);
  writer.begin_object();
  for (auto [key, value] : schema.members()) {
    const std::string name = key.text();
    write_member(writer, name, value, nullable && (name != "type" || !listed));
  }
  writer.end_object();
}

}  // namespace

RawJson json_schema_of_gemini(Value schema) {
  std::string out;
  json::Writer writer(out);
  write_schema(writer, schema);
  return out;
}

}  // namespace llmgw::dialects
