#include "observe/stats.h"

#include <cmath>

#include "base/text.h"

namespace llmgw::observe {
namespace {

constexpr std::array<std::string_view, 5> kByNames{"none", "provider", "model", "key", "tag"};

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

double seconds(const std::optional<Duration>& d) {
  return d ? to_seconds(*d) : 0.0;
}

struct Figure {
  std::string_view name;
  double (*of)(const Stats&);
};

constexpr std::array<Figure, 14> kFigures{{
    {"success_rate", [](const Stats& s) { return s.success_rate(); }},
    {"fallback_rate", [](const Stats& s) { return s.fallback_rate(); }},
    {"rescue_rate", [](const Stats& s) { return s.rescue_rate(); }},
    {"requests", [](const Stats& s) { return static_cast<double>(s.requests); }},
    {"failed", [](const Stats& s) { return static_cast<double>(s.requests - s.answered - s.cancelled); }},
    {"rescue_p50", [](const Stats& s) { return seconds(s.rescue_p50); }},
    {"rescue_p95", [](const Stats& s) { return seconds(s.rescue_p95); }},
    {"took_p50", [](const Stats& s) { return seconds(s.took_p50); }},
    {"took_p95", [](const Stats& s) { return seconds(s.took_p95); }},
    {"cost_usd", [](const Stats& s) { return to_usd(s.cost); }},
    {"raced_usd", [](const Stats& s) { return to_usd(s.raced_cost); }},
    {"input_tokens", [](const Stats& s) { return static_cast<double>(s.input_tokens); }},
    {"output_tokens", [](const Stats& s) { return static_cast<double>(s.output_tokens); }},
    {"unclassified", [](const Stats& s) { return static_cast<double>(s.unclassified.size()); }},
}};

std::string percent(double share_of_one) {
  return std::to_string(static_cast<int64_t>(std::lround(share_of_one * 100))) + " %";
}

}  // namespace

std::string_view name(StatsBy by) {
  return kByNames[static_cast<size_t>(by)];
}

std::optional<StatsBy> stats_by(std::string_view wanted) {
  for (size_t i = 1; i < kByNames.size(); ++i) {
    if (kByNames[i] == wanted) return static_cast<StatsBy>(i);
  }
  return std::nullopt;
}

double Stats::success_rate() const {
  return share(answered, requests - cancelled);
}
double Stats::fallback_rate() const {
  return share(fallbacks, answered);
}
double Stats::rescue_rate() const {
  return share(rescued, first_failed);
}

std::vector<std::string> needs_a_person(const Stats& stats) {
  std::vector<std::string> lines;
  for (const auto& key : stats.keys) {
    const bool money = key.error_class == ErrorClass::quota;
    lines.push_back("key " + key.provider + "/" + key.key + (money ? " is out of quota" : " is rejected") +
                    " (" + std::string(name(key.error_class)) + ", " + std::to_string(key.count) +
                    "×) and has not answered since: " + (money ? "top up its account" : "replace it"));
  }
  constexpr int64_t kEnough = 20;
  if (stats.answered >= kEnough && stats.fallback_rate() > 0.2) {
    lines.push_back(percent(stats.fallback_rate()) +
                    " of the answers came from a fallback: see which provider fails (--by provider)");
  }
  for (const auto& shape : stats.unclassified) {
    lines.push_back(shape.provider + " says something llmgw does not know (status " +
                    std::to_string(shape.status) + (shape.code.empty() ? "" : ", code " + shape.code) + ", " +
                    std::to_string(shape.count) + "×): classify it with [[providers." + shape.provider +
                    ".errors]]");
  }
  return lines;
}

std::optional<double> figure(const Stats& stats, std::string_view wanted) {
  for (const auto& f : kFigures) {
    if (f.name == wanted) return f.of(stats);
  }
  return std::nullopt;
}

bool StatsCheck::holds(const Stats& stats) const {
  const double value = observe::figure(stats, figure).value_or(0.0);
  if (comparison == "<") return value < bound;
  if (comparison == "<=") return value <= bound;
  if (comparison == ">") return value > bound;
  return value >= bound;
}

Result<StatsCheck> parse_stats_check(std::string_view text) {
  const size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) {
    return fail(ErrorClass::bad_request,
                "no comparison in '" + std::string(text) + "'; write it like 'fallback_rate<0.05'");
  }
  StatsCheck check;
  check.figure = std::string(trim(text.substr(0, at)));
  const size_t length = at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1;
  check.comparison = std::string(text.substr(at, length));
  const auto number = trim(text.substr(at + length));
  const auto bound = to_number<double>(number);
  if (!bound || !std::isfinite(*bound)) {
    return fail(ErrorClass::bad_request,
                "'" + std::string(number) + "' in '" + std::string(text) + "' is no number");
  }
  check.bound = *bound;
  std::string names;
  for (const auto& f : kFigures) {
    if (f.name == check.figure) return check;
    names += (names.empty() ? "" : ", ") + std::string(f.name);
  }
  return fail(ErrorClass::bad_request, "unknown figure '" + check.figure + "'; there are " + names);
}

}  // namespace llmgw::observe
