#include "config/quantity.h"

#include <array>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace llmgw::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t value;
};

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86'400 * kSecond;
// From large to small, so that the first that divides gives the shortest text.
constexpr std::array<Unit, 8> kTimes = {{{"w", 7 * kDay},
                                         {"d", kDay},
                                         {"h", 3600 * kSecond},
                                         {"m", 60 * kSecond},
                                         {"s", kSecond},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};
constexpr std::array<Unit, 10> kSizes = {{{"TiB", int64_t{1} << 40},
                                          {"GiB", int64_t{1} << 30},
                                          {"MiB", int64_t{1} << 20},
                                          {"KiB", int64_t{1} << 10},
                                          {"TB", 1'000'000'000'000},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"kB", 1'000},
                                          {"KB", 1'000},
                                          {"B", 1}}};
constexpr int64_t kLongest = 36'525 * kDay;

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// The number at the front of `text`, which it is cut off from.
std::string_view take_number(std::string_view& text) {
  size_t i = 0;
  while (i < text.size() && (digit(text[i]) || text[i] == '.')) ++i;
  const auto number = text.substr(0, i);
  text.remove_prefix(i);
  return number;
}

template <size_t N>
const Unit* take_unit(std::string_view& text, const std::array<Unit, N>& units) {
  size_t i = 0;
  while (i < text.size() && !digit(text[i])) ++i;
  for (const auto& unit : units) {
    if (text.substr(0, i) != unit.name) continue;
    text.remove_prefix(i);
    return &unit;
  }
  return nullptr;
}

// number × unit when that is whole, at most `limit`.
std::optional<int64_t> times(std::string_view number, int64_t unit, int64_t limit) {
  const auto dot = number.find('.');
  const auto whole = to_number<int64_t>(number.substr(0, dot));
  if (!whole || *whole > limit / unit) return std::nullopt;
  int64_t value = *whole * unit;
  if (dot != number.npos) {
    const auto fraction = number.substr(dot + 1);
    if (fraction.empty()) return std::nullopt;
    for (char c : fraction) {
      if (!digit(c) || unit % 10 != 0) return std::nullopt;
      unit /= 10;
      value += (c - '0') * unit;
    }
  }
  return value <= limit ? std::optional(value) : std::nullopt;
}

template <size_t N>
std::string in_units(int64_t value, const std::array<Unit, N>& units) {
  if (value != 0) {
    for (const auto& unit : units) {
      if (value % unit.value == 0) return std::to_string(value / unit.value) + std::string(unit.name);
    }
  }
  return std::to_string(value);
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t sum = 0, last_unit = std::numeric_limits<int64_t>::max();
  while (!text.empty()) {
    const auto number = take_number(text);
    const Unit* unit = take_unit(text, kTimes);
    if (!unit || unit->value >= last_unit) return std::nullopt;
    const auto part = times(number, unit->value, kLongest);
    if (!part || *part > kLongest - sum) return std::nullopt;
    sum += *part;
    last_unit = unit->value;
  }
  return Duration(sum);
}

std::string format_duration(Duration d) {
  return d == Duration{} ? "0s" : in_units(d.count(), kTimes);
}

std::optional<int64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  const Unit* unit = take_unit(text, kSizes);
  if (!unit || !text.empty()) return std::nullopt;
  return times(number, unit->value, int64_t{1} << 50);
}

std::string format_size(int64_t bytes) {
  return bytes == 0 ? "0B" : in_units(bytes, kSizes);
}

std::expected<int64_t, std::string> scaled_decimal(std::string_view literal, int digits) {
  std::string mantissa;
  int exponent = digits;
  bool negative = false, fraction = false;
  size_t i = 0;
  if (literal.starts_with('+') || literal.starts_with('-')) negative = literal[i++] == '-';
  for (; i < literal.size() && literal[i] != 'e' && literal[i] != 'E'; ++i) {
    if (digit(literal[i])) {
      mantissa += literal[i];
      exponent -= fraction ? 1 : 0;
    } else if (literal[i] == '.') {
      fraction = true;
    } else if (literal[i] != '_') {
      return std::unexpected("is not a finite number");
    }
  }
  if (mantissa.empty()) return std::unexpected("is not a finite number");
  const auto nonzero = mantissa.find_first_not_of('0');
  if (nonzero == mantissa.npos) return 0;
  if (i < literal.size()) {
    std::string power;
    for (char c : literal.substr(i + 1)) {
      if (c != '_' && c != '+') power += c;
    }
    const auto value = to_number<int>(power);
    if (!value || *value > 1000 || *value < -1000) {
      return std::unexpected(power.starts_with('-') ? "is finer than can be kept" : "is too large");
    }
    exponent += *value;
  }
  mantissa.erase(0, nonzero);
  for (; exponent < 0 && mantissa.ends_with('0'); ++exponent) mantissa.pop_back();
  if (exponent < 0) return std::unexpected("is finer than can be kept");
  if (exponent > 18 || mantissa.size() > 19) return std::unexpected("is too large");
  mantissa.append(static_cast<size_t>(exponent), '0');
  const auto value = to_number<int64_t>(mantissa);
  if (!value) return std::unexpected("is too large");
  return negative ? -*value : *value;
}

std::string format_scaled(int64_t value, int digits) {
  std::string text = std::to_string(value < 0 ? -value : value);
  if (text.size() <= static_cast<size_t>(digits))
    text.insert(0, static_cast<size_t>(digits) + 1 - text.size(), '0');
  text.insert(text.size() - static_cast<size_t>(digits), ".");
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return value < 0 ? "-" + text : text;
}

std::expected<WallTime, std::string> parse_date(std::string_view text) {
  static constexpr std::string_view kShape = "0000-00-00T00:00:00";
  const std::unexpected<std::string> wrong(
      "must be a date such as \"2027-01-01\" or a date-time such as \"2027-01-01T12:00:00Z\"");
  const size_t shape = text.size() > 10 ? kShape.size() : 10;
  if (text.size() < shape) return wrong;
  for (size_t i = 0; i < shape; ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    const bool fits =
        kShape[i] == '0' ? digit : text[i] == kShape[i] || (i == 10 && (text[i] == ' ' || text[i] == 't'));
    if (!fits) return wrong;
  }
  const auto part = [&](size_t i, size_t n) { return to_number<unsigned>(text.substr(i, n)).value_or(99); };
  const std::chrono::year_month_day day{std::chrono::year{static_cast<int>(part(0, 4))},
                                        std::chrono::month{part(5, 2)}, std::chrono::day{part(8, 2)}};
  if (!day.ok()) return std::unexpected<std::string>("is no day of the calendar");
  if (part(0, 4) >= 2262) return WallTime::max();  // further than nanoseconds reach
  if (part(0, 4) < 1678) return WallTime::min();
  WallTime time = std::chrono::sys_days(day);
  if (text.size() == 10) return time;
  if (part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 60) return wrong;
  time +=
      std::chrono::hours(part(11, 2)) + std::chrono::minutes(part(14, 2)) + std::chrono::seconds(part(17, 2));
  auto rest = text.substr(shape);
  if (rest.starts_with('.')) {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == 1 || end == rest.npos) return wrong;
    rest.remove_prefix(end);  // a part of a second
  }
  if (rest == "Z" || rest == "z") return time;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return wrong;
  const auto hours = to_number<unsigned>(rest.substr(1, 2)).value_or(99);
  const auto minutes = to_number<unsigned>(rest.substr(4)).value_or(99);
  if (hours > 23 || minutes > 59) return wrong;
  const auto offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return rest[0] == '+' ? time - offset : time + offset;
}

}  // namespace llmgw::config
