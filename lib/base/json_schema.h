#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/json.h"

namespace llmgw::json {

// A JSON Schema (draft 2020-12, https://json-schema.org/draft/2020-12) as far as models are asked to keep to
// one: type, enum, const, properties, required, additionalProperties, min/maxProperties, items,
// min/maxItems, uniqueItems, minimum, maximum, exclusiveMinimum/Maximum, multipleOf, min/maxLength,
// pattern (RE2's grammar), allOf, anyOf, oneOf, not, $ref within the document, $defs. What only describes
// (title, description, format, …) is passed over; any other keyword is refused by parse(), so that nothing
// is believed to be checked that is not.
class Schema {
 public:
  // Errors: bad_request that says what at which place ("#/properties/name/pattern").
  static Result<Schema> parse(std::string text);
  Schema(Schema&&) noexcept;
  Schema& operator=(Schema&&) noexcept;
  ~Schema();

  // Where and how `value` differs: "$.items[2].name: expected a string, not a number". None: it fits.
  std::optional<std::string> mismatch(Value value) const;

  // Whether OpenAI's `strict` mode takes it: every object names all its properties as required and
  // allows no others (https://platform.openai.com/docs/guides/structured-outputs, "Supported schemas").
  bool strict() const;

  const std::string& text() const;

 private:
  struct Parts;
  explicit Schema(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace llmgw::json
