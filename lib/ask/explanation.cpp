#include "ask/explanation.h"

#include <algorithm>
#include <cmath>

#include "ask/cost_limit.h"
#include "base/json_writer.h"
#include "config/quantity.h"
#include "observe/report.h"

namespace llmgw::ask {
namespace {

std::string rest_text(const store::RestState& rest, WallTime now) {
  return "for " + observe::shown(rest.until - now) + " (" + std::string(name(rest.cause)) + ")";
}

std::vector<Explanation::Key> keys_of(const routing::Target& target, const store::Rests* rests,
                                      WallTime now) {
  const auto& ring = target.upstream->keys;
  std::vector<Explanation::Key> keys;
  double total = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    if (!ring.allows(i, target.model)) continue;
    Explanation::Key key{.name = ring.key(i).name, .share = ring.key(i).weight, .rests = {}};
    total += key.share;
    const auto names = ring.rest_names(i);
    for (const auto& rest : {names.key + ":" + target.model, names.key, names.group}) {
      if (rests == nullptr || rest.empty() || !key.rests.empty()) continue;
      if (const auto state = rests->get(rest, now)) key.rests = rest_text(*state, now);
    }
    keys.push_back(std::move(key));
  }
  // All zero means equal.
  for (auto& key : keys) key.share = total > 0 ? key.share / total : 1.0 / static_cast<double>(keys.size());
  return keys;
}

Explanation::Step step_of(const routing::Link& link, const dialects::Request& request,
                          const store::Rests* rests, WallTime now) {
  const auto& provider = *link.target.upstream->provider;
  const auto facts = provider.facts(link.target.model);
  Explanation::Step step{.target = link.target.name(),
                         .skipped = link.skipped,
                         .keys = keys_of(link.target, rests, now),
                         .keyless = link.target.upstream->keys.size() == 0,
                         .max_concurrency = provider.config().max_concurrency,
                         .retries = provider.config().retries.max,
                         .context = facts.context,
                         .ceiling = std::nullopt};
  const auto usage = worst_case(request, provider, link.target.model);
  if (usage.output >= 0) step.ceiling = providers::highest_cost(provider.price(link.target.model), usage);
  if (!step.skipped.empty()) return step;
  if (rests != nullptr) {
    if (const auto rest = rests->get(routing::target_rest(link.target.provider(), link.target.model), now)) {
      step.skipped = "it rests " + rest_text(*rest, now);
    }
  }
  const bool all_rest =
      !step.keys.empty() && std::ranges::all_of(step.keys, [](const auto& k) { return !k.rests.empty(); });
  if (step.skipped.empty() && all_rest) step.skipped = "every key of it rests";
  return step;
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

std::string keys_text(const Explanation::Step& step) {
  if (step.keys.empty()) return step.keyless ? "none needed" : "none";
  std::string text;
  for (const auto& key : step.keys) {
    text += (text.empty() ? "" : ", ") + key.name;
    if (step.keys.size() > 1) text += " " + percent(key.share);
    if (!key.rests.empty()) text += ", rests " + key.rests;
  }
  return text;
}

std::string auto_text(const config::AutoDuration& d) {
  return d.value ? config::format_duration(*d.value) : "auto";
}

std::string classes_text(config::ClassSet on) {
  std::string text;
  for (int i = 0; i < kErrorClasses; ++i) {
    const auto c = static_cast<ErrorClass>(i);
    if (on.has(c)) text += (text.empty() ? "" : ", ") + std::string(name(c));
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace

Result<Explanation> explain(const routing::Topology& topology, const dialects::Request& request,
                            const store::Rests* rests, WallTime now, Random& random) {
  auto chain = topology.chain(request, random);
  if (!chain) return fail(std::move(chain.error()));
  Explanation made{.model = request.model, .route = chain->route, .steps = {}, .policy = chain->policy};
  for (const auto& link : chain->links) made.steps.push_back(step_of(link, request, rests, now));
  return made;
}

std::string explanation_page(const Explanation& made, const observe::Look& look) {
  using observe::Table;
  using observe::Tone;
  std::string out = made.model + (made.route.empty() ? "" : " is the route '" + made.route + "'") + "\n\n";
  Table table;
  table.column("#", Table::Align::right)
      .column("target", Table::Align::left, true)
      .column("keys", Table::Align::left, true);
  table.column("at once", Table::Align::right)
      .column("retries", Table::Align::right)
      .column("context", Table::Align::right);
  table.column("costs at most", Table::Align::right).column("would be", Table::Align::left, true);
  int turn = 0;
  for (const auto& step : made.steps) {
    const bool called = step.skipped.empty();
    const std::string verdict = !called     ? "passed over: " + step.skipped
                                : turn == 0 ? "called first"
                                            : "fallback " + std::to_string(turn);
    turn += called ? 1 : 0;
    table.row({{called ? std::to_string(turn) : "–", Tone::faint},
               {step.target},
               {keys_text(step)},
               {std::to_string(step.max_concurrency)},
               {std::to_string(step.retries)},
               {step.context ? std::to_string(*step.context) : "?"},
               {step.ceiling ? observe::shown(*step.ceiling) : "?"},
               {verdict, called ? Tone::good : Tone::warn}});
  }
  out += table.text(look) + "\n";
  out += "falls back on   " + classes_text(made.policy.on) + "\n";
  out += "calls at most   " + std::to_string(made.policy.max_attempts) + "\n";
  out += "deadline        " + auto_text(made.policy.deadline) + "\n";
  out += "races after     " + auto_text(made.policy.slow_after) + "\n";
  out += std::string("commits at      ") +
         (made.policy.commit == config::Commit::complete ? "the whole answer" : "the first token") + "\n";
  return out;
}

std::string explanation_json(const Explanation& made) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("model", made.model).member("route", made.route).key("chain").begin_array();
  for (const auto& step : made.steps) {
    writer.begin_object().member("target", step.target);
    if (!step.skipped.empty()) writer.member("skipped", step.skipped);
    writer.key("keys").begin_array();
    for (const auto& key : step.keys) {
      writer.begin_object().member("name", key.name).member("share", key.share);
      if (!key.rests.empty()) writer.member("rests", key.rests);
      writer.end_object();
    }
    writer.end_array().member("max_concurrency", step.max_concurrency).member("retries", step.retries);
    if (step.context) writer.member("context", *step.context);
    if (step.ceiling) writer.member("cost_ceiling_usd", to_usd(*step.ceiling));
    writer.end_object();
  }
  writer.end_array()
      .member("max_attempts", made.policy.max_attempts)
      .member("deadline", auto_text(made.policy.deadline));
  writer.member("slow_after", auto_text(made.policy.slow_after))
      .member("fallback_on", classes_text(made.policy.on))
      .end_object();
  return out + "\n";
}

}  // namespace llmgw::ask
