#include <map>

#include "config/reference.h"

namespace llmgw::config {
namespace {

using Seen = std::map<std::string, std::string, std::less<>>;

// Reports `name` at `path` when it was seen before, and says where.
void once(Session& session, Seen& seen, const std::string& name, const std::string& path,
          std::string_view what) {
  if (name.empty()) return;
  const auto [first, fresh] = seen.emplace(name, path);
  if (fresh) return;
  session.error(session.position(path), path,
                std::string(what) + " '" + name + "' is there already, in line " +
                    std::to_string(session.position(first->second).line));
}

template <typename Items>
void names(Session& session, const std::string& path, const Items& items, std::string_view what) {
  Seen seen;
  for (size_t i = 0; i < items.size(); ++i) {
    once(session, seen, items[i].name, join(join(path, i), "name"), what);
  }
}

// Two keys with one value rest apart, though the provider counts them as one.
void same_value(Session& session, const std::string& path, const std::vector<Key>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (keys[i].value.empty() || !(keys[i].value == keys[j].value)) continue;
      const auto at = join(join(path, i), "value");
      session.warning(session.position(at), at, "the same secret as that of key '" + keys[j].name + "'");
      break;
    }
  }
}

}  // namespace

void check_duplicates(const Config& config, Session& session) {
  for (const auto& provider : config.providers) {
    const auto path = join(join("providers", provider.name), "keys");
    names(session, path, provider.keys, "the key");
    same_value(session, path, provider.keys);
  }
  names(session, "virtual_keys", config.virtual_keys, "the virtual key");
  names(session, "teams", config.teams, "the team");
  names(session, "customers", config.customers, "the customer");
  names(session, "plugins", config.plugins, "the plugin");

  // A model name in a request stands for one thing.
  Seen seen;
  for (const auto& provider : config.providers) {
    const auto path = join("providers", provider.name);
    // The built-in one stands nowhere else.
    seen.emplace(provider.name, session.position(path).line > 0 ? path : "mock.enabled");
    if (config.mock.enabled && provider.name == "mock" && provider.kind != "mock") {
      session.error(session.position("mock.enabled"), "mock.enabled",
                    "the built-in provider needs the name 'mock', which [providers.mock] has");
    }
  }
  for (const auto& route : config.routes) {
    once(session, seen, route.name, join("routes", route.name), "the name");
  }
  for (const auto& [alias, target] : config.aliases) {
    const auto path = join("aliases", alias);
    once(session, seen, alias, path, "the name");
    const auto slash = alias.find('/');
    if (slash != alias.npos && config.provider(alias.substr(0, slash))) {
      session.error(
          session.position(path), path,
          "is a model of provider '" + alias.substr(0, slash) + "' already; an alias can't stand for it");
    }
  }

  // Which of two keys a client is would be anybody's guess.
  std::map<std::string_view, std::string_view> values;
  for (size_t i = 0; i < config.virtual_keys.size(); ++i) {
    const auto& key = config.virtual_keys[i];
    if (key.sha256.empty()) continue;
    const auto [first, fresh] = values.emplace(key.sha256, key.name);
    const auto path = join(join("virtual_keys", i), "value");
    if (!fresh) {
      session.error(session.position(path), path,
                    "the same secret as that of virtual key '" + std::string(first->second) + "'");
    }
  }
}

}  // namespace llmgw::config
