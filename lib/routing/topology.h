#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "config/config.h"
#include "dialects/request.h"
#include "providers/provider.h"
#include "providers/serving.h"
#include "routing/gate.h"
#include "routing/key_ring.h"
#include "routing/live_models.h"
#include "routing/retry_budget.h"
#include "routing/seal_store.h"
#include "routing/target_state.h"

namespace llmgw::routing {

// What the process knows that no config holds; survives every reload. Thread-safe.
class State {
 public:
  TargetStates targets;
  RetryBudget retries{0.2};
  SealStore seals;
  LiveModels live_models;
  // The gate of a provider by name; `most` is the config's of the moment.
  Gate& gate(const std::string& provider, int most);

 private:
  std::mutex lock_;  // guards gates_
  std::map<std::string, std::unique_ptr<Gate>, std::less<>> gates_;
};

// A provider in use: its immutable description, its keys, its gate.
struct Upstream {
  std::shared_ptr<const providers::Provider> provider;
  KeyRing keys;
  Gate* gate;
};

// Under which name LiveModels keeps what that provider told: a base URL that changes is another provider.
std::string live_name(const providers::Provider&);

// One model at one provider.
struct Target {
  const Upstream* upstream = nullptr;
  std::string model;
  TargetState* state = nullptr;

  const std::string& provider() const { return upstream->provider->name(); }
  // "provider/model"; the provider alone for a call that names no model.
  std::string name() const { return model.empty() ? provider() : provider() + "/" + model; }
};

// A target in a chain, and why it is passed over, if it is.
struct Link {
  Target target;
  std::string skipped;
};

// What one request's attempts are held to: [fallback], overridden by its route, then by itself.
struct ChainPolicy {
  config::ClassSet on;
  int max_attempts = 6;
  config::AutoDuration deadline, slow_after;
  config::Commit commit = config::Commit::first_token;
  config::Translation translation = config::Translation::lenient;
  config::Timeouts timeouts;  // a route's own
};

struct Chain {
  std::vector<Link> links;  // the primary, then its fallbacks; not empty
  ChainPolicy policy;
  std::string route;  // the route that the request named; empty: none
};

// A config made ready: providers, routes, aliases. Immutable; swapped whole by a reload, and
// held by each request until it has ended.
class Topology {
 public:
  // Errors: bad_request, with the provider's name and line.
  static Result<std::shared_ptr<const Topology>> make(std::shared_ptr<const config::Config>, State&);

  // The chain of a request. Errors: model_unavailable (nobody serves the model), bad_request (a fallback that
  // names nothing).
  Result<Chain> chain(const dialects::Request&, Random&) const;

  const config::Config& config() const { return *config_; }
  // The same, for who keeps it.
  const std::shared_ptr<const config::Config>& held_config() const { return config_; }
  const std::vector<std::unique_ptr<Upstream>>& upstreams() const { return upstreams_; }
  const Upstream* upstream(std::string_view provider) const;
  // The provider's models that one of its keys may be used for: the config's, the catalog's, and what it told
  // itself; sorted.
  std::vector<std::string> models(const Upstream&) const;
  // Whether `name` is an alias, a route, a target, or a bare model name that a provider is known to have.
  bool knows(std::string_view name) const;

 private:
  Topology(std::shared_ptr<const config::Config> config, State& state)
      : config_(std::move(config)), state_(state) {}

  // Appends what `name` stands for, without what is there already; false: nothing.
  bool expand(std::string_view name, dialects::Dialect, Random&, int depth, std::vector<Link>& out) const;
  bool serves(const Upstream&, std::string_view model) const;
  bool expand_bare(std::string_view model, dialects::Dialect, std::vector<Link>& out) const;
  void expand_route(const config::Route&, dialects::Dialect, Random&, int depth, std::vector<Link>& out,
                    bool with_fallbacks) const;
  void append_equivalents(std::vector<Link>& out) const;
  void append(const Upstream&, std::string_view model, std::vector<Link>& out) const;
  std::string why_not(const Target&, const dialects::Request&, const std::vector<std::string>& labels,
                      std::optional<int64_t>& tokens) const;
  ChainPolicy policy(const config::Route*, const dialects::Request&) const;
  Error unknown_model(std::string_view model) const;

  std::shared_ptr<const config::Config> config_;
  State& state_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
};

}  // namespace llmgw::routing
