#pragma once

#include "base/json.h"

namespace llmgw::json {

// Whether two values say the same: numbers by value, strings unescaped, objects in any order of members.
bool equal(Value a, Value b);

}  // namespace llmgw::json
