#include "simulate/mock/behaviour.h"

#include "base/text.h"
#include "config/quantity.h"

namespace llmgw::simulate {
namespace {

constexpr int64_t kMostTokens = 10'000'000;

std::optional<int64_t> count(std::string_view text) {
  const auto n = to_number<int64_t>(text);
  if (!n || *n < 0 || *n > kMostTokens) return std::nullopt;
  return n;
}

// "N" or "N-M" behind a name.
struct Numbers {
  int64_t first = 0;
  std::optional<double> second;
};

std::optional<Numbers> numbers(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = count(text.substr(0, dash));
  if (!first) return std::nullopt;
  Numbers out{.first = *first};
  if (dash == std::string_view::npos) return out;
  out.second = to_number<double>(text.substr(dash + 1));
  if (!out.second || !(*out.second > 0) || *out.second > 1e9) return std::nullopt;
  return out;
}

Duration seconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

std::optional<Behaviour> with_numbers(std::string_view model) {
  const size_t dash = model.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto name = model.substr(0, dash);
  const auto rest = model.substr(dash + 1);
  if (name == "fail") {
    const auto fault = parse_fault(rest);
    if (!fault || fault->kind != Fault::Kind::status) return std::nullopt;
    return Behaviour{.fault = *fault};
  }
  const auto n = numbers(rest);
  if (!n) return std::nullopt;
  Behaviour b{.says = Behaviour::Says::lorem, .tokens = n->first};
  if (name == "lorem") {
    b.per_token = seconds(1 / n->second.value_or(50));
  } else if (name == "burst") {
    if (n->second) return std::nullopt;
  } else if (name == "paced") {
    if (!n->second) return std::nullopt;
    b.per_token = seconds(*n->second / 1000);
  } else if (name == "fixed") {
    if (n->second) return std::nullopt;
    b.says = Behaviour::Says::fixed;
  } else {
    return std::nullopt;
  }
  return b;
}

std::optional<Behaviour> named(std::string_view model) {
  using Says = Behaviour::Says;
  if (model == "echo") return Behaviour{};
  if (model == "lorem") return Behaviour{.says = Says::lorem, .tokens = 200, .per_token = 20ms};
  if (model == "slow") return Behaviour{.latency = 10s};
  if (model == "flaky") return Behaviour{.flaky = true};
  if (model == "json") return Behaviour{.says = Says::json};
  if (model == "tool") return Behaviour{.says = Says::tool};
  if (model == "refuse") return Behaviour{.says = Says::refuse};
  // Long enough for half of it to be seen.
  if (model == "cut") return Behaviour{.says = Says::lorem, .tokens = 40, .fault = {Fault::Kind::cut}};
  for (const std::string_view fault :
       {"hang", "first-error", "html", "malformed", "empty", "reset", "redirect"}) {
    if (model == fault) return Behaviour{.fault = *parse_fault(fault)};
  }
  return with_numbers(model);
}

}  // namespace

std::optional<Behaviour> parse_behaviour(std::string_view model) {
  const size_t at = model.rfind('@');
  auto behaviour = named(model.substr(0, at));
  if (!behaviour || at == std::string_view::npos) return behaviour;
  const auto latency = config::parse_duration(model.substr(at + 1));
  if (!latency) return std::nullopt;
  behaviour->latency = *latency;
  return behaviour;
}

const std::vector<std::string_view>& behaviour_names() {
  static const std::vector<std::string_view> kNames = {
      "echo",     "lorem",         "slow",      "hang",         "cut",        "first-error",
      "html",     "fail-400",      "fail-401",  "fail-402",     "fail-404",   "fail-429",
      "fail-500", "fail-503",      "fail-529",  "flaky",        "json",       "tool",
      "refuse",   "lorem-100-200", "burst-100", "paced-100-10", "fixed-1000", "echo@60ms"};
  return kNames;
}

}  // namespace llmgw::simulate
