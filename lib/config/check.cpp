#include "config/check.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"
#include "config/quantity.h"

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
  const auto read = parse_date(text);
  return read ? Wrong() : Wrong(read.error());
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
