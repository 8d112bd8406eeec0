#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace llmgw::config {

// "250ms", "2s", "1.5s", "5m", "1h30m", "30d", "1w". Units: us ms s m h d w. None for anything
// else: a bare number, a sign, more than 100 years.
std::optional<Duration> parse_duration(std::string_view text);
// The shortest text that parse_duration() reads back: "10m", "90s", "1500us".
std::string format_duration(Duration);

// "64KiB", "32MiB", "1GiB", "2TiB", decimal "10MB" (kB MB GB TB), or "512B": bytes.
std::optional<int64_t> parse_size(std::string_view text);
std::string format_size(int64_t bytes);

// "2027-01-01", the begin of that day in UTC, or a date-time with its offset (RFC 3339). The error says
// what keeps it from being one: "must be …", "is no day of the calendar".
std::expected<WallTime, std::string> parse_date(std::string_view text);

// A decimal number as it stands in a TOML file ("2.5", "1e-3", "1_000") times 10^digits,
// exactly. The error says what keeps it from being one: too fine, too large, not finite.
std::expected<int64_t, std::string> scaled_decimal(std::string_view literal, int digits);
// The reverse, without needless zeros: (2500000, 6) is "2.5".
std::string format_scaled(int64_t value, int digits);

}  // namespace llmgw::config
