#include "config/check.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"

namespace llmgw::config::check {
namespace {

bool control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

Wrong clean(std::string_view text, size_t limit) {
  if (text.empty()) return "must not be empty";
  if (text.size() > limit) return "is longer than " + std::to_string(limit) + " bytes";
  for (char c : text) {
    if (control(c)) return "holds a control character";
    if (c == ' ') return "holds a space";
  }
  return std::nullopt;
}

}  // namespace

Wrong not_empty(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (std::ranges::any_of(text, control)) return "holds a control character";
  return std::nullopt;
}

Wrong name(std::string_view text) {
  if (auto wrong = clean(text, 128)) return wrong;
  if (text.find('/') != text.npos) return "holds a '/', which stands between provider and model";
  return std::nullopt;
}

Wrong model(std::string_view text) {
  return clean(text, 512);
}
Wrong glob(std::string_view text) {
  return clean(text, 512);
}

Wrong pattern(std::string_view text) {
  if (text.empty()) return "must not be empty";
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 re(re2::StringPiece(text.data(), text.size()), options);
  if (!re.ok()) return "is no RE2 pattern: " + re.error();
  return std::nullopt;
}

Wrong header_name(std::string_view text) {
  if (text.empty()) return "must not be empty";
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  for (char c : text) {
    const bool letter = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
    if (!letter && kMarks.find(c) == kMarks.npos) return "is no header name";
  }
  static constexpr std::array<std::string_view, 10> kOurs = {
      "host",       "content-length", "transfer-encoding",   "connection",
      "keep-alive", "upgrade",        "proxy-authorization", "te",
      "trailer",    "content-type"};
  for (auto ours : kOurs) {
    if (iequals(text, ours)) return "is that of a header that llmgw sets itself";
  }
  return std::nullopt;
}

Wrong header_value(std::string_view text) {
  if (std::ranges::any_of(text, [](char c) { return control(c) && c != '\t'; })) {
    return "holds a control character";
  }
  return std::nullopt;
}

Wrong role_arn(std::string_view text) {
  const auto role = text.find(":role/");
  if (text.starts_with("arn:") && text.find(":iam::") != text.npos && role != text.npos &&
      role + 6 < text.size() && !header_value(text))
    return std::nullopt;
  return "must be a role's name such as \"arn:aws:iam::123456789012:role/bedrock\"";
}

Wrong hours(std::string_view text) {
  const auto minute = [](std::string_view t) -> std::optional<int> {
    if (t.size() != 5 || t[2] != ':') return std::nullopt;
    const auto h = to_number<unsigned>(t.substr(0, 2)), m = to_number<unsigned>(t.substr(3));
    if (!h || !m || *h > 24 || *m > 59 || (*h == 24 && *m > 0)) return std::nullopt;
    return static_cast<int>(*h * 60 + *m);
  };
  if (text.size() == 11 && text[5] == '-') {
    const auto from = minute(text.substr(0, 5)), to = minute(text.substr(6));
    if (from && to && *from != *to) return std::nullopt;
  }
  return "must be two times of a day such as \"08:00-18:00\"";
}

Wrong date(std::string_view text) {
  static constexpr std::string_view kShape = "0000-00-00T00:00:00";
  Wrong wrong = "must be a date such as \"2027-01-01\" or a date-time such as \"2027-01-01T12:00:00Z\"";
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
  if (!day.ok()) return "is no day of the calendar";
  if (text.size() == 10) return std::nullopt;
  if (part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 60) return wrong;
  auto rest = text.substr(shape);
  if (rest.starts_with('.')) {
    const auto end = rest.find_first_not_of("0123456789", 1);
    if (end == 1 || end == rest.npos) return wrong;
    rest.remove_prefix(end);
  }
  if (rest == "Z" || rest == "z") return std::nullopt;
  const bool offset = rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':' &&
                      to_number<unsigned>(rest.substr(1, 2)).value_or(99) < 24 &&
                      to_number<unsigned>(rest.substr(4)).value_or(99) < 60;
  if (!offset) return wrong;
  return std::nullopt;
}

Wrong zone(std::string_view text) {
  const bool form = !text.empty() && text.size() <= 64 && text.front() != '/' &&
                    text.find("..") == text.npos && std::ranges::all_of(text, [](char c) {
                      return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
                             c == '_' || c == '-' || c == '+';
                    });
  if (!form) return "must be a time zone's name such as \"Europe/Berlin\"";
  return std::nullopt;
}

Wrong affinity(std::string_view text) {
  if (text == "user" || text == "prompt") return std::nullopt;
  if (text.starts_with("tag:") && !name(text.substr(4))) return std::nullopt;
  return "must be \"user\", \"prompt\" or \"tag:NAME\"";
}

}  // namespace llmgw::config::check
