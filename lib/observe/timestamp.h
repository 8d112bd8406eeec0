#pragma once

#include <string>

#include "base/time.h"

namespace llmgw::observe {

// RFC 3339 in UTC with milliseconds: "2026-01-01T00:00:00.000Z". Days before 1970 and after 9999 are
// not shown right.
std::string timestamp(WallTime);

}  // namespace llmgw::observe
