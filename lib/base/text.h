#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace llmgw {

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// ASCII case-insensitive equality: header names, schemes, hosts.
constexpr bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Whether `text` holds `part`, ASCII case-insensitively. `part` is lower case.
bool icontains(std::string_view text, std::string_view part);

std::string to_lower(std::string_view text);

// Without spaces and tabs at both ends.
constexpr std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

// The parts between `separator`s, trimmed; empty parts are left out.
std::vector<std::string_view> split(std::string_view text, char separator);

// The whole of `text` as a decimal number; none when it is anything else or overflows.
template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// Whether every byte may stand in a header value we write: no control character.
bool printable(std::string_view text);

// %XX decoded once; none for a broken escape.
std::optional<std::string> percent_decoded(std::string_view text);
// Everything but RFC 3986 unreserved characters as %XX.
std::string percent_encoded(std::string_view text);

// At most `limit` bytes of `text`, cut at a UTF-8 boundary, with "…" when cut.
std::string shortened(std::string_view text, size_t limit);

// "3 s": rounded up, at least one.
std::string seconds_text(Duration);

std::string base64(std::string_view bytes);
// Standard or URL-safe alphabet, padded or not; none for anything else.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace llmgw
