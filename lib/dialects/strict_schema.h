#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialects/translation.h"

namespace llmgw::dialects {

// Whether OpenAI takes the schema with `strict: true`: in every object of it all properties are required and
// no others allowed (platform.openai.com/docs/guides/structured-outputs, "Supported schemas").
bool fits_strict(std::string_view schema);

// `strict` as it can be said to a provider of `kind`: OpenAI refuses the whole request for a schema that does
// not fit, so that there it is said without; `field` goes to `warnings` then.
std::optional<bool> strict_for(std::string_view kind, std::optional<bool> strict, std::string_view schema,
                               std::string field, Warnings& warnings);

}  // namespace llmgw::dialects
