#include "since.h"

#include <ctime>

#include "config/quantity.h"

namespace llmgw::cmd {

Result<std::optional<WallTime>> parse_since(const std::string& text, WallTime now) {
  if (text.empty()) return std::optional<WallTime>();
  if (const auto ago = config::parse_duration(text)) return std::optional(now - *ago);
  for (const char* form :
       {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%M:%S"}) {
    std::tm parts{};
    const char* end = strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    const long offset = parts.tm_gmtoff;
    return std::optional(WallTime(std::chrono::seconds(timegm(&parts) - offset)));
  }
  return fail(ErrorClass::bad_request,
              "--since " + text +
                  ": expected a duration (1h, 7d), a day (2026-01-31) or a time (2026-01-31T12:00:00Z)");
}

}  // namespace llmgw::cmd
