#include "simulate/mock/schema.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace llmgw::simulate {
namespace {

constexpr int kMostDepth = 24;  // a schema that needs more recurses for ever
constexpr int64_t kMostItems = 1000;
constexpr size_t kMostBytes = 1 << 20;

// Writes one instance. The keywords are those of JSON Schema 2020-12 and of OpenAPI's subset, whose type
// names are upper case at Google.
class Instance {
 public:
  Instance(json::Value root, std::string& out) : root_(root), out_(out), writer_(out) {}

  void write(json::Value schema, int depth) {
    schema = followed(schema);
    if (depth > kMostDepth || out_.size() > kMostBytes || !schema.is(json::Kind::object)) {
      writer_.null();
      return;
    }
    if (const auto constant = schema["const"]) {
      writer_.raw(constant.raw());
    } else if (const auto first = schema["enum"].at(0)) {
      writer_.raw(first.raw());
    } else if (const auto preset = schema["default"]; preset && !schema["properties"]) {
      writer_.raw(preset.raw());
    } else if (const auto one = first_of(schema)) {
      write(one, depth + 1);
    } else {
      write_type(schema, type_of(schema), depth);
    }
  }

 private:
  static json::Value first_of(json::Value schema) {
    if (schema["type"]) return {};
    for (const std::string_view key : {"anyOf", "oneOf", "allOf"}) {
      if (const auto first = schema[key].at(0)) return first;
    }
    return {};
  }

  static std::string type_of(json::Value schema) {
    const auto type = schema["type"];
    std::string name = to_lower(type.is(json::Kind::array) ? type.at(0).text() : type.text());
    if (name.empty()) name = schema["items"] ? "array" : schema["properties"] ? "object" : "string";
    return name;
  }

  json::Value followed(json::Value schema) const {
    for (int hops = 0; hops < kMostDepth; ++hops) {
      const auto reference = schema["$ref"].string();
      if (!reference || !reference->starts_with('#')) return schema;
      json::Value at = root_;
      for (const auto part : split(std::string_view(*reference).substr(1), '/')) at = at[part];
      schema = at;
    }
    return {};
  }

  void write_type(json::Value schema, const std::string& type, int depth) {
    if (type == "object") {
      writer_.begin_object();
      for (auto [_, name] : schema["required"].elements()) {
        writer_.key(name.text());
        write(schema["properties"][name.text()], depth + 1);
      }
      writer_.end_object();
    } else if (type == "array") {
      const auto items = std::clamp<int64_t>(schema["minItems"].integer().value_or(0), 0, kMostItems);
      writer_.begin_array();
      for (int64_t i = 0; i < items; ++i) write(schema["items"], depth + 1);
      writer_.end_array();
    } else if (type == "integer" || type == "number") {
      write_number(schema, type == "integer");
    } else if (type == "boolean") {
      writer_.boolean(true);
    } else if (type == "null") {
      writer_.null();
    } else {
      write_string(schema);
    }
  }

  void write_number(json::Value schema, bool whole) {
    double value = 0;
    if (const auto least = schema["minimum"].number()) value = std::max(value, *least);
    if (const auto above = schema["exclusiveMinimum"].number(); above && value <= *above) {
      value = whole ? std::floor(*above) + 1 : *above + 1;
    }
    if (const auto most = schema["maximum"].number(); most && value > *most) value = *most;
    if (const auto below = schema["exclusiveMaximum"].number(); below && value >= *below) value = *below - 1;
    if (const auto step = schema["multipleOf"].number(); step && *step > 0)
      value = std::ceil(value / *step) * *step;
    if (whole) {
      writer_.integer(static_cast<int64_t>(std::clamp(std::ceil(value), -9e15, 9e15)));
    } else {
      writer_.number(value);
    }
  }

  void write_string(json::Value schema) {
    const auto format = schema["format"].text();
    std::string text = format == "date-time" ? "2026-01-01T00:00:00Z"
                       : format == "date"    ? "2026-01-01"
                       : format == "time"    ? "00:00:00Z"
                       : format == "email"   ? "mock@example.com"
                       : format == "uri"     ? "https://example.com"
                       : format == "uuid"    ? "00000000-0000-4000-8000-000000000000"
                                             : "mock";
    const auto least =
        static_cast<size_t>(std::clamp<int64_t>(schema["minLength"].integer().value_or(0), 0, 100'000));
    while (text.size() < least) text += 'x';
    if (const auto most = schema["maxLength"].integer();
        most && *most >= 0 && text.size() > static_cast<size_t>(*most)) {
      text.resize(static_cast<size_t>(*most));
    }
    writer_.string(text);
  }

  json::Value root_;
  std::string& out_;
  json::Writer writer_;
};

}  // namespace

std::string instance_of(std::string_view schema) {
  const auto doc = json::Doc::parse(schema);
  if (!doc || !doc->root().is(json::Kind::object)) return "{}";
  std::string out;
  Instance(doc->root(), out).write(doc->root(), 0);
  return out;
}

}  // namespace llmgw::simulate
