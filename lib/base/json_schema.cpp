#include "base/json_schema.h"

#include <re2/re2.h>

#include <array>
#include <cmath>
#include <map>

#include "base/json_equal.h"
#include "base/text.h"

namespace llmgw::json {
namespace {

constexpr int kDeepest = 64;  // nested schemas, $ref included

constexpr std::array<std::string_view, 25> kChecked = {"type",
                                                       "enum",
                                                       "const",
                                                       "properties",
                                                       "required",
                                                       "additionalProperties",
                                                       "items",
                                                       "minItems",
                                                       "maxItems",
                                                       "uniqueItems",
                                                       "minimum",
                                                       "maximum",
                                                       "exclusiveMinimum",
                                                       "multipleOf",
                                                       "pattern",
                                                       "allOf",
                                                       "anyOf",
                                                       "exclusiveMaximum",
                                                       "minLength",
                                                       "maxLength",
                                                       "oneOf",
                                                       "not",
                                                       "$ref",
                                                       "minProperties",
                                                       "maxProperties"};
constexpr std::array<std::string_view, 16> kDescribing = {
    "$schema",     "$id",      "$comment",  "$defs",  "definitions",      "title",
    "description", "default",  "examples",  "format", "contentMediaType", "contentEncoding",
    "deprecated",  "readOnly", "writeOnly", "$anchor"};

bool any_of(const auto& words, Value key) {
  return std::ranges::any_of(words, [&](std::string_view word) { return key.says(word); });
}

bool has_type(Value value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type != "integer") return name(value.kind()).ends_with(type);  // "an object"
  const auto number = value.number();
  return value.is(Kind::number) && (value.integer() || (number && std::floor(*number) == *number));
}

int64_t characters(std::string_view utf8) {
  return std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

// "a string", or several: "string or null".
std::string type_words(Value rule) {
  if (rule.is(Kind::string)) return rule.text();
  std::string words;
  for (auto [_, type] : rule.elements()) words += (words.empty() ? "" : " or ") + type.text();
  return words;
}

std::string quoted_raw(Value value) {
  return shortened(value.raw(), 60);
}

}  // namespace

struct Schema::Parts {
  std::string text;
  std::optional<Doc> doc;
  std::map<std::string, std::unique_ptr<RE2>, std::less<>> patterns;

  using Wrong = std::optional<std::string>;

  // The schema that a "#/a/b" points to; none when nothing is there (RFC 6901).
  Value resolve(std::string_view reference) const {
    Value at = doc->root();
    if (reference == "#") return at;
    if (!reference.starts_with("#/")) return {};
    reference.remove_prefix(2);
    while (true) {
      const size_t slash = reference.find('/');
      std::string key;
      const auto step = percent_decoded(reference.substr(0, slash)).value_or("");
      for (size_t i = 0; i < step.size(); ++i) {
        const bool escape = step[i] == '~' && i + 1 < step.size();
        key += !escape ? step[i] : step[++i] == '1' ? '/' : '~';
      }
      at = at.is(Kind::array) ? at.at(to_number<size_t>(key).value_or(size_t(-1))) : at[key];
      if (!at || slash == std::string_view::npos) return at;
      reference.remove_prefix(slash + 1);
    }
  }

  Wrong check_schema(Value schema, const std::string& place, int depth) {
    if (depth > kDeepest) return place + ": nested deeper than " + std::to_string(kDeepest);
    if (schema.is(Kind::boolean)) return {};
    if (!schema.is(Kind::object))
      return place + ": a schema is an object or a boolean, not " + std::string(name(schema.kind()));
    for (auto [key, value] : schema.members()) {
      const std::string where = place + "/" + key.text();
      if (auto wrong = check_keyword(key, value, where, depth)) return wrong;
    }
    return {};
  }

  Wrong check_keyword(Value key, Value value, const std::string& where, int depth) {
    if (key.says("properties") || key.says("$defs") || key.says("definitions")) {
      for (auto [property, inner] : value.members()) {
        if (auto wrong = check_schema(inner, where + "/" + property.text(), depth + 1)) return wrong;
      }
    } else if (key.says("allOf") || key.says("anyOf") || key.says("oneOf")) {
      if (value.size() == 0 || !value.is(Kind::array)) return where + ": expected an array of schemas";
      int i = 0;
      for (auto [_, inner] : value.elements()) {
        if (auto wrong = check_schema(inner, where + "/" + std::to_string(i++), depth + 1)) return wrong;
      }
    } else if (key.says("items") || key.says("additionalProperties") || key.says("not")) {
      return check_schema(value, where, depth + 1);
    } else if (key.says("pattern")) {
      auto pattern = std::make_unique<RE2>(value.text(), RE2::Quiet);
      if (!value.is(Kind::string) || !pattern->ok())
        return where + ": the pattern does not compile: " + pattern->error();
      patterns[value.text()] = std::move(pattern);
    } else if (key.says("$ref")) {
      if (!resolve(value.text()))
        return where + ": '" + value.text() + "' is not in this document; only \"#/…\" is followed";
    } else if (key.says("type")) {
      return check_type(value, where);
    } else if (!any_of(kChecked, key) && !any_of(kDescribing, key)) {
      return where + ": the keyword is not checked here; leave it out";
    }
    return {};
  }

  static Wrong check_type(Value value, const std::string& where) {
    constexpr std::array<std::string_view, 7> kTypes = {"object",  "array",   "string", "number",
                                                        "integer", "boolean", "null"};
    if (value.is(Kind::string) && any_of(kTypes, value)) return {};
    bool all = value.is(Kind::array) && value.size() > 0;
    for (auto [_, one] : value.elements()) all = all && any_of(kTypes, one);
    if (all) return {};
    return where +
           ": expected one of object, array, string, number, integer, boolean, null, or an array of them";
  }

  Wrong compare(Value schema, Value value, const std::string& at, int depth) const {
    if (depth > kDeepest)
      return at + ": the schema goes deeper than " + std::to_string(kDeepest) + " at this place";
    if (schema.is(Kind::boolean))
      return schema.boolean() == false ? Wrong(at + ": nothing is allowed here") : Wrong();
    for (auto [key, rule] : schema.members()) {
      if (auto wrong = apply(key.text(), rule, schema, value, at, depth)) return wrong;
    }
    return {};
  }

  Wrong apply(const std::string& key, Value rule, Value schema, Value value, const std::string& at,
              int depth) const {
    if (key == "type") {
      if (rule.is(Kind::string) && has_type(value, rule.text())) return {};
      for (auto [_, type] : rule.elements()) {
        if (has_type(value, type.text())) return {};
      }
      return at + ": expected " + type_words(rule) + ", not " + std::string(name(value.kind()));
    }
    if (key == "$ref") return compare(resolve(rule.text()), value, at, depth + 1);
    if (key == "const")
      return equal(rule, value) ? Wrong()
                                : at + ": expected " + quoted_raw(rule) + ", not " + quoted_raw(value);
    if (key == "enum") {
      for (auto [_, one] : rule.elements()) {
        if (equal(one, value)) return {};
      }
      return at + ": expected one of " + shortened(rule.raw(), 120) + ", not " + quoted_raw(value);
    }
    if (key == "allOf" || key == "anyOf" || key == "oneOf") return combine(key, rule, value, at, depth);
    if (key == "not")
      return compare(rule, value, at, depth + 1) ? Wrong() : at + ": what 'not' describes is not allowed";
    switch (value.kind()) {
      case Kind::object: return apply_object(key, rule, schema, value, at, depth);
      case Kind::array: return apply_array(key, rule, value, at, depth);
      case Kind::string: return apply_string(key, rule, value, at);
      case Kind::number: return apply_number(key, rule, value, at);
      default: return {};
    }
  }

  Wrong combine(const std::string& key, Value rule, Value value, const std::string& at, int depth) const {
    size_t fitting = 0;
    std::string first;
    for (auto [_, one] : rule.elements()) {
      auto wrong = compare(one, value, at, depth + 1);
      if (!wrong) ++fitting;
      if (wrong && first.empty()) first = *wrong;
      if (wrong && key == "allOf") return wrong;
    }
    if (key == "anyOf" && fitting == 0) return at + ": fits none of 'anyOf' (the first says " + first + ")";
    if (key == "oneOf" && fitting != 1) {
      return at + ": fits " + std::to_string(fitting) + " of 'oneOf' instead of one" +
             (fitting == 0 ? " (the first says " + first + ")" : "");
    }
    return {};
  }

  Wrong apply_object(const std::string& key, Value rule, Value schema, Value value, const std::string& at,
                     int depth) const {
    if (key == "required") {
      for (auto [_, one] : rule.elements()) {
        if (!value[one.text()]) return at + ": '" + one.text() + "' is missing";
      }
    } else if (key == "properties") {
      for (auto [property, inner] : rule.members()) {
        const std::string called = property.text();
        const Value member = value[called];
        if (!member) continue;
        if (auto wrong = compare(inner, member, at + "." + called, depth + 1)) return wrong;
      }
    } else if (key == "additionalProperties") {
      for (auto [property, inner] : value.members()) {
        const std::string called = property.text();
        if (schema["properties"][called]) continue;
        if (rule.boolean() == false) return at + ": '" + called + "' is not allowed";
        if (auto wrong = compare(rule, inner, at + "." + called, depth + 1)) return wrong;
      }
    } else if (key == "minProperties" || key == "maxProperties") {
      return apply_count(key == "minProperties", rule, static_cast<int64_t>(value.size()), " members", at);
    }
    return {};
  }

  Wrong apply_array(const std::string& key, Value rule, Value value, const std::string& at, int depth) const {
    if (key == "items") {
      size_t i = 0;
      for (auto [_, element] : value.elements()) {
        if (auto wrong = compare(rule, element, at + "[" + std::to_string(i++) + "]", depth + 1))
          return wrong;
      }
    } else if (key == "minItems" || key == "maxItems") {
      return apply_count(key == "minItems", rule, static_cast<int64_t>(value.size()), " elements", at);
    } else if (key == "uniqueItems" && rule.boolean() == true) {
      std::vector<Value> seen;
      for (auto [_, element] : value.elements()) {
        for (Value other : seen) {
          if (equal(other, element)) return at + ": " + quoted_raw(element) + " stands in it twice";
        }
        seen.push_back(element);
      }
    }
    return {};
  }

  Wrong apply_string(const std::string& key, Value rule, Value value, const std::string& at) const {
    if (key == "minLength" || key == "maxLength") {
      return apply_count(key == "minLength", rule, characters(value.text()), " characters", at);
    }
    if (key == "pattern") {
      const auto pattern = patterns.find(rule.text());
      if (pattern != patterns.end() && !RE2::PartialMatch(value.text(), *pattern->second)) {
        return at + ": " + quoted_raw(value) + " does not match " + quoted_raw(rule);
      }
    }
    return {};
  }

  static Wrong apply_number(const std::string& key, Value rule, Value value, const std::string& at) {
    const auto number = value.number(), bound = rule.number();
    if (!number || !bound) return {};
    auto wrong = [&](std::string_view expected) {
      return Wrong(at + ": " + std::string(value.raw()) + " is not " + std::string(expected) + " " +
                   std::string(rule.raw()));
    };
    if (key == "minimum" && *number < *bound) return wrong("at least");
    if (key == "maximum" && *number > *bound) return wrong("at most");
    if (key == "exclusiveMinimum" && *number <= *bound) return wrong("above");
    if (key == "exclusiveMaximum" && *number >= *bound) return wrong("below");
    if (key == "multipleOf" && *bound > 0) {
      const double quotient = *number / *bound;
      if (std::abs(quotient - std::round(quotient)) > 1e-9) return wrong("a multiple of");
    }
    return {};
  }

  static Wrong apply_count(bool least, Value rule, int64_t count, std::string_view what,
                           const std::string& at) {
    const auto bound = rule.number();
    if (!bound || (least ? static_cast<double>(count) >= *bound : static_cast<double>(count) <= *bound))
      return {};
    return at + ": it has " + std::to_string(count) + std::string(what) + ", not at " +
           (least ? "least " : "most ") + std::string(rule.raw());
  }

  static bool strict(Value schema) {
    bool good = true;
    if (schema["properties"] || schema["type"].says("object")) {
      good = schema["additionalProperties"].boolean() == false;
      for (auto [property, _] : schema["properties"].members()) {
        bool required = false;
        for (auto [unused, one] : schema["required"].elements())
          required = required || one.says(property.text());
        good = good && required;
      }
    }
    for (auto [key, value] : schema.members()) {
      if (key.says("properties") || key.says("$defs") || key.says("definitions")) {
        for (auto [_, inner] : value.members()) good = good && strict(inner);
      } else if (key.says("items")) {
        good = good && strict(value);
      } else if (key.says("anyOf") || key.says("allOf") || key.says("oneOf")) {
        for (auto [_, inner] : value.elements()) good = good && strict(inner);
      }
    }
    return good;
  }
};

Schema::Schema(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

Result<Schema> Schema::parse(std::string text) {
  auto parts = std::make_unique<Parts>();
  parts->text = std::move(text);
  auto doc = Doc::parse(parts->text, {.max_depth = 256});
  if (!doc) return fail(std::move(doc.error()));
  parts->doc = std::move(*doc);
  if (auto wrong = parts->check_schema(parts->doc->root(), "#", 0))
    return fail(ErrorClass::bad_request, std::move(*wrong));
  return Schema(std::move(parts));
}

std::optional<std::string> Schema::mismatch(Value value) const {
  return parts_->compare(parts_->doc->root(), value, "$", 0);
}

bool Schema::strict() const {
  return Parts::strict(parts_->doc->root());
}

const std::string& Schema::text() const {
  return parts_->text;
}

}  // namespace llmgw::json
