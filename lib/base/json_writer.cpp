#include "base/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace llmgw::json {
namespace {

// The length of the well-formed UTF-8 sequence at s[i], or 0 (Unicode 15, table 3-7).
size_t utf8_length(std::string_view s, size_t i) {
  auto byte = [&](size_t k) { return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u; };
  auto tail = [&](size_t k) { return (byte(k) & 0xc0) == 0x80; };
  const unsigned b = byte(i);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b < 0xe0) return tail(i + 1) ? 2 : 0;
  if (b >= 0xe0 && b < 0xf0) {
    const unsigned second = byte(i + 1);
    if (b == 0xe0 && second < 0xa0) return 0;
    if (b == 0xed && second >= 0xa0) return 0;
    return tail(i + 1) && tail(i + 2) ? 3 : 0;
  }
  if (b >= 0xf0 && b < 0xf5) {
    const unsigned second = byte(i + 1);
    if (b == 0xf0 && second < 0x90) return 0;
    if (b == 0xf4 && second >= 0x90) return 0;
    return tail(i + 1) && tail(i + 2) && tail(i + 3) ? 4 : 0;
  }
  return 0;
}

// How many of the bytes from s[i] on, eight at a time, are ASCII that stands in a string as it is.
size_t plain_run(std::string_view s, size_t i) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
  auto has_zero = [](uint64_t x) { return (x - kOnes) & ~x & kHighs; };
  const size_t begin = i;
  for (; i + 8 <= s.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, s.data() + i, 8);
    const uint64_t special = (word & kHighs) | ((word - kOnes * 0x20) & ~word & kHighs) |
                             has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\'));
    if (special != 0) break;
  }
  return i - begin;
}

}  // namespace

void append_quoted(std::string& out, std::string_view s) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t plain = 0;
  auto flush = [&](size_t to) { out.append(s, plain, to - plain); };
  for (size_t i = plain_run(s, 0); i < s.size();) {
    const auto c = static_cast<unsigned char>(s[i]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      if (const size_t length = utf8_length(s, i)) {
        i += length;
        continue;
      }
    }
    flush(i);
    plain = ++i;
    i += plain_run(s, i);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (c < 0x20) {
          out += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
        } else {
          out += "\xef\xbf\xbd";
        }
    }
  }
  flush(s.size());
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

void Writer::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

Writer& Writer::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

Writer& Writer::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

Writer& Writer::string(std::string_view text) {
  separate();
  append_quoted(out_, text);
  return *this;
}

Writer& Writer::integer(int64_t value) {
  separate();
  char buffer[24];
  out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return *this;
}

Writer& Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  char buffer[32];
  out_.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return *this;
}

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

}  // namespace llmgw::json
