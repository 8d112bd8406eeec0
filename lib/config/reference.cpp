#include "config/reference.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::config {
namespace {

template <typename Items>
std::vector<std::string_view> names_of(const Items& items) {
  std::vector<std::string_view> names;
  names.reserve(items.size());
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

constexpr ptrdiff_t kMostModelBudgets = 11;

class References {
 public:
  References(const Config& config, Session& session) : config_(config), session_(session) {}

  void check() {
    for (const auto& provider : config_.providers) kind(provider);
    for (const auto& route : config_.routes) check(route);
    for (const auto& [name, target] : config_.aliases) model(join("aliases", name), target);
    models("fallback.default", config_.fallback.defaults);
    if (!config_.ask_model.empty()) model("ask.model", config_.ask_model);
    if (config_.cache.embedder != "none") model("cache.embedder", config_.cache.embedder);
    guardrails("guardrails.input", config_.guardrails_input);
    guardrails("guardrails.output", config_.guardrails_output);
    for (size_t i = 0; i < config_.virtual_keys.size(); ++i) {
      check(join("virtual_keys", i), config_.virtual_keys[i]);
    }
    for (size_t i = 0; i < config_.teams.size(); ++i) {
      named(join(join("teams", i), "customer"), "customer", config_.teams[i].customer, config_.customers);
    }
  }

 private:
  void error(const std::string& path, std::string_view message) {
    session_.error(session_.position(path), path, message);
  }

  void kind(const Provider& provider) {
    // Without a kind of its own the name is one.
    const auto path = join("providers", provider.name);
    const auto own = join(path, "kind");
    const bool said = session_.position(own).line > 0;
    for (const auto& known : session_.known.kinds) {
      if (known.name == provider.kind) return needs(provider, known, path);
    }
    const auto hint = did_you_mean(provider.kind, names_of(session_.known.kinds));
    if (provider.kind.empty()) return;
    error(said ? own : path, "no kind of provider '" + shortened(provider.kind, 40) + "'" +
                                 (!hint.empty() ? hint
                                  : said ? "; for any OpenAI-compatible server use \"openai-compatible\""
                                         : "; set kind, as in kind = \"openai-compatible\""));
  }

  void needs(const Provider& provider, const Kind& kind, const std::string& path) {
    const bool missing =
        (kind.needs == "base_url" && provider.base_url.empty()) ||
        (kind.needs == "endpoint" && provider.endpoint.empty() && provider.base_url.empty()) ||
        (kind.needs == "region" && provider.region.empty() && provider.base_url.empty()) ||
        (kind.needs == "project" && provider.project.empty() && provider.base_url.empty());
    if (missing) error(path, "a provider of kind '" + kind.name + "' needs '" + kind.needs + "'");
    const bool identity = provider.metadata || (!kind.identity_env.empty() &&
                                                session_.environment.variable(kind.identity_env).has_value());
    if (!kind.key_env.empty() && provider.keys.empty() && !provider.forward_auth && !identity) {
      session_.warning(session_.position(path), path,
                       "has no keys; add [[" + path + ".keys]] with value = \"env:" + kind.key_env + "\"");
    }
  }

  void check(const Route& route) {
    const auto path = join("routes", route.name);
    for (size_t i = 0; i < route.targets.size(); ++i) {
      const auto at = join(join(path, "targets"), i);
      // A target is a table or just a text.
      const auto inner = join(at, "model");
      model(session_.position(inner).line > 0 ? inner : at, route.targets[i].model);
    }
    if (route.fallbacks) {
      models(join(path, "fallbacks"), *route.fallbacks);
      for (size_t i = 0; i < route.fallbacks->size(); ++i)
        repeats(route, i, join(join(path, "fallbacks"), i));
    }
    if (route.shadow) model(join(join(path, "shadow"), "target"), route.shadow->target);
    labels(join(path, "require_labels"), route.require_labels);
  }

  void repeats(const Route& route, size_t i, const std::string& path) {
    const auto& fallback = (*route.fallbacks)[i];
    const bool target =
        std::ranges::any_of(route.targets, [&](const auto& t) { return t.model == fallback; });
    const auto before = route.fallbacks->begin() + static_cast<ptrdiff_t>(i);
    if (fallback.empty() || (!target && std::find(route.fallbacks->begin(), before, fallback) == before))
      return;
    session_.warning(session_.position(path), path,
                     "'" + fallback + "' is in this chain already; it is not tried twice");
  }

  void check(const std::string& path, const VirtualKey& key) {
    if (key.providers) {
      for (size_t i = 0; i < key.providers->size(); ++i) {
        provider(join(join(path, "providers"), i), (*key.providers)[i]);
      }
    }
    for (const auto& [name, limits] : key.provider) {
      provider(join(join(path, "provider"), name), name);
    }
    // All of them may be meant by one call, and the ledger has room for so many beside the others.
    const auto budgets =
        std::ranges::count_if(key.model, [](const auto& m) { return m.second.budget.has_value(); });
    if (budgets > kMostModelBudgets) {
      error(join(path, "model"), "at most " + std::to_string(kMostModelBudgets) +
                                     " models of a virtual key may have a budget, not " +
                                     std::to_string(budgets));
    }
    named(join(path, "team"), "team", key.team, config_.teams);
    labels(join(path, "require_labels"), key.require_labels);
  }

  void guardrails(const std::string& path, const std::vector<Guardrail>& rails) {
    for (size_t i = 0; i < rails.size(); ++i) {
      if (!rails[i].target.empty()) model(join(join(path, i), "target"), rails[i].target);
    }
  }

  void models(const std::string& path, const std::vector<std::string>& names) {
    for (size_t i = 0; i < names.size(); ++i) model(join(path, i), names[i]);
  }

  // A label that no provider has would leave no target at all.
  void labels(const std::string& path, const std::vector<std::string>& wanted) {
    std::vector<std::string_view> all;
    for (const auto& provider : config_.providers)
      all.insert(all.end(), provider.labels.begin(), provider.labels.end());
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].empty() || std::ranges::find(all, wanted[i]) != all.end()) continue;
      error(join(path, i), "no provider has the label '" + wanted[i] + "'" + did_you_mean(wanted[i], all));
    }
  }

  template <typename Items>
  void named(const std::string& path, std::string_view what, std::string_view name, const Items& items) {
    if (name.empty()) return;
    const auto names = names_of(items);
    if (std::ranges::find(names, name) != names.end()) return;
    error(path, "no " + std::string(what) + " '" + std::string(name) + "'" + did_you_mean(name, names));
  }

  // A target, a route, an alias, or the bare name of a model.
  void model(const std::string& path, std::string_view text) {
    if (text.empty() || config_.aliases.contains(std::string(text))) return;
    const auto slash = text.find('/');
    if (slash != text.npos) return target(path, text.substr(0, slash), text.substr(slash + 1));
    if (config_.route(text)) return;
    if (config_.provider(text)) {
      return error(path, "'" + std::string(text) + "' is a provider; name one of its models, as in \"" +
                             std::string(text) + "/MODEL\"");
    }
    if (!session_.known.model || session_.known.model(text)) return;
    auto names = names_of(config_.routes);
    for (const auto& [alias, model] : config_.aliases) names.push_back(alias);
    if (const auto hint = did_you_mean(text, names); !hint.empty()) {
      session_.warning(
          session_.position(path), path,
          "'" + std::string(text) + "' is no route or alias, and no model of the catalog" + hint);
    }
  }

  void target(const std::string& path, std::string_view name, std::string_view model) {
    if (!config_.provider(name)) {
      provider(path, name);
    } else if (model.empty()) {
      error(path, "names no model of provider '" + std::string(name) + "'");
    }
  }

  void provider(const std::string& path, std::string_view name) {
    if (config_.provider(name)) return;
    auto hint = did_you_mean(name, names_of(config_.providers));
    const bool kind =
        std::ranges::any_of(session_.known.kinds, [&](const Kind& k) { return k.name == name; });
    if (kind && hint.empty()) hint = "; add [providers." + std::string(name) + "]";
    error(path, "no provider '" + shortened(name, 80) + "'" + hint);
  }

  const Config& config_;
  Session& session_;
};

}  // namespace

void check_references(const Config& config, Session& session) {
  References(config, session).check();
}

}  // namespace llmgw::config
