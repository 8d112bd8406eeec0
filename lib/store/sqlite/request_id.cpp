#include "store/sqlite/request_id.h"

#include <array>

#include "base/text.h"

namespace llmgw::store::sqlite {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view kPrefix = "req_";
constexpr size_t kLength = 26;

int digit(char c) {
  const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  const size_t at = kDigits.find(upper);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// 26 digits are 130 bits, the first two of them zero.
std::optional<std::string> packed(std::string_view digits) {
  std::string bytes(16, '\0');
  for (size_t i = 0; i < kLength; ++i) {
    const int d = digit(digits[i]);
    if (d < 0 || (i == 0 && d > 7)) return std::nullopt;
    for (int bit = 0; bit < 5; ++bit) {
      const int at = static_cast<int>(i) * 5 + bit - 2;
      if ((d >> (4 - bit) & 1) == 0 || at < 0) continue;
      auto& byte = bytes[static_cast<size_t>(at / 8)];
      byte = static_cast<char>(byte | 0x80 >> at % 8);
    }
  }
  return bytes;
}

}  // namespace

std::optional<std::string> packed_id(std::string_view id) {
  if (id.size() != kPrefix.size() + kLength || !id.starts_with(kPrefix)) return std::nullopt;
  id.remove_prefix(kPrefix.size());
  for (const char c : id) {
    // Another spelling of a digit would come back changed.
    if (kDigits.find(c) == std::string_view::npos) return std::nullopt;
  }
  return packed(id);
}

std::string unpacked_id(std::string_view bytes) {
  std::string id(kPrefix);
  for (size_t i = 0; i < kLength; ++i) {
    int d = 0;
    for (int bit = 0; bit < 5; ++bit) {
      const int at = static_cast<int>(i) * 5 + bit - 2;
      const bool set = at >= 0 && (bytes[static_cast<size_t>(at / 8)] & (0x80 >> at % 8)) != 0;
      d = d << 1 | (set ? 1 : 0);
    }
    id += kDigits[static_cast<size_t>(d)];
  }
  return id;
}

WallTime time_of(std::string_view packed_bytes) {
  int64_t ms = 0;
  for (size_t i = 0; i < 6; ++i) ms = ms << 8 | static_cast<unsigned char>(packed_bytes[i]);
  constexpr int64_t kMost = WallTime::max().time_since_epoch() / 1ms;
  return WallTime{std::chrono::milliseconds(std::min(ms, kMost))};
}

std::optional<IdRange> ids_with_prefix(std::string_view prefix) {
  if (prefix.size() >= kPrefix.size() && iequals(prefix.substr(0, kPrefix.size()), kPrefix)) {
    prefix.remove_prefix(kPrefix.size());
  }
  if (prefix.empty() || prefix.size() > kLength) return std::nullopt;
  std::string low(kLength, '0'), high(kLength, 'Z');
  low.replace(0, prefix.size(), prefix);
  high.replace(0, prefix.size(), prefix);
  auto first = packed(low), last = packed(high);
  if (!first || !last) return std::nullopt;
  return IdRange{std::move(*first), std::move(*last)};
}

}  // namespace llmgw::store::sqlite
