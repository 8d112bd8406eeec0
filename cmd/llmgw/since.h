#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/time.h"

namespace llmgw::cmd {

// --since: a duration before `now` ("1h", "7d"), a day ("2026-01-31", its beginning in UTC), or a time (RFC
// 3339, "2026-01-31T12:00:00Z"). None for "". Errors: bad_request.
Result<std::optional<WallTime>> parse_since(const std::string& text, WallTime now);

}  // namespace llmgw::cmd
