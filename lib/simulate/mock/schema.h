#pragma once

#include <string>
#include <string_view>

namespace llmgw::simulate {

// A small valid instance of a JSON schema: required members only, the first of what an enum, anyOf or
// oneOf allows, the least that bounds on length, number and items ask for; local $ref are followed.
// Patterns are not understood. `schema` is JSON text; what is no schema gives {}.
std::string instance_of(std::string_view schema);

}  // namespace llmgw::simulate
