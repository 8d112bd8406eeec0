#pragma once

#include <string>

#include "base/random.h"
#include "base/time.h"

namespace llmgw {

// "req_" and 26 characters of Crockford base 32: 48 bits of wall time in ms, then 80
// random bits, so that ids sort by time (the ULID layout, github.com/ulid/spec).
std::string request_id(WallTime now, Random& random);

}  // namespace llmgw
