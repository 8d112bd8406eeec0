#include "config/types.h"

#include <cmath>

#include "base/text.h"
#include "config/check.h"
#include "config/find.h"
#include "config/quantity.h"

namespace llmgw::config {
namespace {

constexpr std::string_view kDuration = "a duration such as \"250ms\"";

std::string shown(double value) {
  std::string out;
  json::Writer(out).number(value);
  return out;
}

template <typename T>
void read_integer(const Cursor& at, T& value, int64_t min, int64_t max) {
  if (at.node().kind != Node::Kind::integer) {
    at.expected("an integer");
    return;
  }
  max = std::min<int64_t>(max, std::numeric_limits<T>::max());
  if (at.node().integer < min || at.node().integer > max) {
    const bool open = max == std::numeric_limits<T>::max();
    at.wrong(open ? "must be at least " + std::to_string(min)
                  : "must be from " + std::to_string(min) + " to " + std::to_string(max));
    return;
  }
  value = static_cast<T>(at.node().integer);
}

// A money literal in steps of 10^-digits dollars.
std::optional<int64_t> read_money(const Cursor& at, int digits, std::string_view finest) {
  if (at.node().kind != Node::Kind::integer && at.node().kind != Node::Kind::number) {
    at.expected("an amount in US dollars such as 2.5");
    return std::nullopt;
  }
  const auto value = scaled_decimal(at.node().text, digits);
  if (!value) {
    std::string message = value.error();
    if (message.starts_with("is finer")) message += "; the smallest step is " + std::string(finest);
    at.wrong(message);
    return std::nullopt;
  }
  if (*value < 0) {
    at.wrong("must not be negative");
    return std::nullopt;
  }
  return *value;
}

}  // namespace

void Text::read(const Cursor& at, std::string& value) const {
  const auto* text = at.string();
  if (!text) return;
  if (const auto wrong = check ? check(*text) : std::nullopt) {
    at.wrong(*wrong);
    return;
  }
  value = *text;
}

void Path::read(const Cursor& at, std::string& value) const {
  const auto* text = at.string("a file's path");
  if (!text) return;
  if (text->empty() || text->find('\0') != text->npos) {
    at.wrong("is no path");
    return;
  }
  Session& session = at.session();
  auto path = resolve_path(*text, session.folder, session.environment);
  if (!path) {
    at.wrong("starts with '~', but $HOME is not set; write the path out");
    return;
  }
  value = std::move(*path);
  if (!must_exist || session.options.secrets == Secrets::optional) return;
  session.files.push_back(value);
  if (!session.environment.exists(value)) at.wrong("no such file: " + value);
}

void Boolean::read(const Cursor& at, bool& value) const {
  if (at.node().kind != Node::Kind::boolean) {
    at.expected("true or false");
    return;
  }
  value = at.node().boolean;
}

void Integer::read(const Cursor& at, int64_t& value) const {
  read_integer(at, value, min, max);
}
void Integer::read(const Cursor& at, int& value) const {
  read_integer(at, value, min, max);
}

void Number::read(const Cursor& at, double& value) const {
  if (at.node().kind != Node::Kind::integer && at.node().kind != Node::Kind::number) {
    at.expected("a number");
    return;
  }
  const double number = at.node().number;
  if (!std::isfinite(number)) {
    at.wrong("must be finite");
    return;
  }
  if (number < min || number > max) {
    at.wrong(max == std::numeric_limits<double>::max() ? "must be at least " + shown(min)
                                                       : "must be from " + shown(min) + " to " + shown(max));
    return;
  }
  value = number;
}

void Time::read(const Cursor& at, Duration& value) const {
  const auto* text = at.string(kDuration);
  if (!text) return;
  const auto duration = parse_duration(*text);
  if (!duration) {
    at.expected_form(kDuration);
  } else if (*duration < min) {
    at.wrong("must be at least " + format_duration(min));
  } else if (*duration > max) {
    at.wrong("must be at most " + format_duration(max));
  } else {
    value = *duration;
  }
}

void Time::write(json::Writer& out, Duration value) const {
  out.string(format_duration(value));
}

void TimeOrAuto::read(const Cursor& at, AutoDuration& value) const {
  static constexpr std::string_view kWhat = "\"auto\" or a duration such as \"30s\"";
  const auto* text = at.string(kWhat);
  if (!text) return;
  if (*text == "auto") {
    value.value.reset();
    return;
  }
  const auto duration = parse_duration(*text);
  if (!duration) {
    at.expected_form(kWhat);
  } else if (*duration < 1ms) {
    at.wrong("must be at least 1ms");
  } else {
    value.value = *duration;
  }
}

void TimeOrAuto::write(json::Writer& out, const AutoDuration& value) const {
  out.string(value.value ? format_duration(*value.value) : "auto");
}

void Seconds::read(const Cursor& at, Duration& value) const {
  int64_t seconds = 0;
  read_integer(at, seconds, 1, 86'400);
  if (seconds > 0) value = std::chrono::seconds(seconds);
}

void Seconds::write(json::Writer& out, Duration value) const {
  out.integer(value / 1s);
}

void Size::read(const Cursor& at, int64_t& value) const {
  static constexpr std::string_view kWhat = "a size such as \"32MiB\"";
  const auto* text = at.string(kWhat);
  if (!text) return;
  const auto size = parse_size(*text);
  if (!size) {
    at.expected_form(kWhat);
  } else if (*size < min) {
    at.wrong("must be at least " + format_size(min));
  } else if (*size > max) {
    at.wrong("must be at most " + format_size(max));
  } else {
    value = *size;
  }
}

void Size::write(json::Writer& out, int64_t value) const {
  out.string(format_size(value));
}

void Dollars::read(const Cursor& at, NanoUsd& value) const {
  if (const auto nano = read_money(at, 9, "0.000000001")) value.value = *nano;
}

void Dollars::write(json::Writer& out, NanoUsd value) const {
  out.raw(format_scaled(value.value, 9));
}

void TokenPrice::read(const Cursor& at, PicoUsd& value) const {
  if (const auto pico = read_money(at, 6, "0.000001 per million tokens")) value.value = *pico;
}

void TokenPrice::write(json::Writer& out, PicoUsd value) const {
  out.raw(format_scaled(value.value, 6));
}

void Zone::read(const Cursor& at, std::string& value) const {
  std::string zone;
  Text{check::zone}.read(at, zone);
  if (zone.empty()) return;
  if (zone != "UTC" && !at.session().environment.exists("/usr/share/zoneinfo/" + zone)) {
    at.wrong("no time zone '" + zone + "' in /usr/share/zoneinfo");
    return;
  }
  value = zone;
}

void expected_word(const Cursor& at, const std::vector<std::string_view>& words) {
  std::string list;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += '"' + std::string(words[i]) + '"';
  }
  at.expected_form(list);
}

void Word::read(const Cursor& at, std::string& value) const {
  for (auto word : words) {
    if (at.node().kind == Node::Kind::string && at.node().text == word) {
      value = word;
      return;
    }
  }
  expected_word(at, words);
}

void ClassName::read(const Cursor& at, ErrorClass& value) const {
  const auto* text = at.string("an error class such as \"rate_limit\"");
  if (!text) return;
  if (const auto found = error_class(*text)) {
    value = *found;
    return;
  }
  std::vector<std::string_view> names;
  for (int i = 0; i < kErrorClasses; ++i) names.push_back(name(static_cast<ErrorClass>(i)));
  at.wrong("no error class '" + shortened(*text, 40) + "'" + did_you_mean(*text, names));
}

void Classes::read(const Cursor& at, ClassSet& value) const {
  std::vector<ErrorClass> classes;
  List<ClassName>{}.read(at, classes);
  value = {};
  for (size_t i = 0; i < classes.size(); ++i) {
    value.add(classes[i]);
    if (classes[i] == ErrorClass::cancelled) {
      at.item(i).wrong("a cancelled request has nobody left to answer; it cannot fall back");
    }
  }
}

void Classes::write(json::Writer& out, ClassSet value) const {
  out.begin_array();
  for (int i = 0; i < kErrorClasses; ++i) {
    if (value.has(static_cast<ErrorClass>(i))) out.string(name(static_cast<ErrorClass>(i)));
  }
  out.end_array();
}

}  // namespace llmgw::config
