#include "routing/topology.h"

#include <algorithm>

#include "base/nearest.h"
#include "dialects/token_estimate.h"
#include "providers/catalog.h"
#include "providers/imported_models.h"
#include "providers/model_name.h"
#include "providers/serving.h"

namespace llmgw::routing {
namespace {

// Whether two targets embed with the same model. A name that the catalog doesn't know stands for itself.
bool same_vectors(const Target& a, const Target& b) {
  const auto mine = a.upstream->provider->facts(a.model), other = b.upstream->provider->facts(b.model);
  auto model = [](const providers::ModelFacts& facts, const Target& t) {
    return facts.group.empty() ? providers::canonical_model(t.model) : std::string(facts.group);
  };
  if (model(mine, a) != model(other, b)) return false;
  return !mine.dimensions || !other.dimensions || mine.dimensions == other.dimensions;
}

// Whether the prompt is surely longer than `context` tokens: by its size where that says enough, else by an
// estimate, made once and kept in `tokens`, that may be a fifth too high; `scale` is what the target makes of
// it.
bool is_too_long(const dialects::Request& request, int64_t context, double scale,
                 std::optional<int64_t>& tokens) {
  const int64_t bytes = request.needs.text_bytes;
  if (bytes / 8 > context) return true;    // no tokenizer makes longer tokens of ordinary text
  if (bytes / 2 <= context) return false;  // few make shorter ones
  using dialects::Dialect;
  const Dialect d = request.dialect;
  // Each of their texts stands alone.
  if (!request.doc || d == Dialect::openai_embeddings || d == Dialect::cohere_embed || d == Dialect::rerank)
    return false;
  if (!tokens) tokens = dialects::estimate_tokens(request.doc->root());
  return static_cast<double>(*tokens) * scale * 4 / 5 > static_cast<double>(context);
}

}  // namespace

std::string live_name(const providers::Provider& provider) {
  return provider.name() + " " + provider.config().base_url;
}

Gate& State::gate(const std::string& provider, int most) {
  const std::lock_guard guard(lock_);
  auto& gate = gates_[provider];
  if (gate == nullptr) {
    gate = std::make_unique<Gate>(most);
  } else {
    gate->resize(most);
  }
  return *gate;
}

Result<std::shared_ptr<const Topology>> Topology::make(std::shared_ptr<const config::Config> config,
                                                       State& state) {
  std::shared_ptr<Topology> topology(new Topology(std::move(config), state));
  const auto imported = providers::imported_models(topology->config_->server.data_dir);
  if (!imported) return fail(imported.error());
  for (const auto& entry : topology->config_->providers) {
    auto provider = providers::Provider::make(entry, *imported);
    if (!provider) return fail(std::move(provider.error()));
    KeyRing keys(entry.name, (*provider)->keys(), (*provider)->keyless());
    topology->upstreams_.push_back(std::make_unique<Upstream>(
        std::move(*provider), std::move(keys), &state.gate(entry.name, entry.max_concurrency)));
  }
  return topology;
}

const Upstream* Topology::upstream(std::string_view provider) const {
  for (const auto& upstream : upstreams_) {
    if (upstream->provider->name() == provider) return upstream.get();
  }
  return nullptr;
}

Result<Chain> Topology::chain(const dialects::Request& request, Random& random) const {
  Chain chain;
  std::string_view name = request.model;
  for (int hops = 0; hops < 16; ++hops) {
    const auto alias = config_->aliases.find(std::string(name));
    if (alias == config_->aliases.end()) break;
    name = alias->second;
  }
  const config::Route* route = config_->route(name);
  if (route != nullptr) chain.route = route->name;
  chain.policy = policy(route, request);

  if (name.empty()) {
    // A call that names no model goes to one provider.
    for (const auto& upstream : upstreams_) {
      const bool meant = request.provider.empty() ? upstream->provider->speaks(request.dialect)
                                                  : upstream->provider->name() == request.provider;
      if (!meant) continue;
      append(*upstream, "", chain.links);
      return chain;
    }
    return fail(ErrorClass::model_unavailable, request.provider.empty()
                                                   ? "no configured provider takes this call"
                                                   : "there is no provider '" + request.provider + "'");
  }
  if (route != nullptr) {
    expand_route(*route, request.dialect, random, 0, chain.links, !request.fallbacks);
  } else if (!expand(name, request.dialect, random, 0, chain.links)) {
    return fail(unknown_model(request.model));
  }

  if (request.pinned_key) {  // the object that it names is nowhere else
    std::erase_if(chain.links, [&](const Link& link) { return link.target.provider() != request.provider; });
    if (!chain.links.empty()) return chain;
    return fail(ErrorClass::bad_request, "the model '" + request.model + "' is not at the provider '" +
                                             request.provider +
                                             "', which gave out the id that this call names");
  }
  if (request.fallbacks) {
    for (size_t i = 0; i < request.fallbacks->size(); ++i) {
      const auto& entry = (*request.fallbacks)[i];
      if (expand(entry, request.dialect, random, 0, chain.links)) continue;
      Error error = unknown_model(entry);
      error.error_class = ErrorClass::bad_request;
      error.message =
          "fallbacks[" + std::to_string(i) + "] '" + entry + "' names no target: " + error.message;
      error.param = "fallbacks[" + std::to_string(i) + "]";
      return fail(std::move(error));
    }
  } else if (route == nullptr || !route->fallbacks) {
    for (const auto& entry : config_->fallback.defaults)
      expand(entry, request.dialect, random, 0, chain.links);
    if (config_->fallback.default_auto) append_equivalents(chain.links);
  }

  if (chain.links.empty()) {
    Error error{.error_class = ErrorClass::model_unavailable, .code = "no_target", .param = "model"};
    error.message = "none of the targets that '" + request.model + "' stands for is at a configured provider";
    return fail(std::move(error));
  }
  std::vector<std::string> labels;
  if (route != nullptr) labels = route->require_labels;
  if (request.key != nullptr)
    labels.insert(labels.end(), request.key->require_labels.begin(), request.key->require_labels.end());
  std::optional<int64_t> tokens;
  for (auto& link : chain.links) link.skipped = why_not(link.target, request, labels, tokens);
  if (request.dialect == dialects::Dialect::openai_embeddings ||
      request.dialect == dialects::Dialect::gemini_embed ||
      request.dialect == dialects::Dialect::cohere_embed) {
    const Target& primary = chain.links.front().target;
    for (auto& link : chain.links) {
      if (link.skipped.empty() && !same_vectors(primary, link.target)) {
        link.skipped = "its vectors are not those of " + primary.name() + ": mixed, they corrupt a store";
      }
    }
  }
  return chain;
}

bool Topology::expand(std::string_view name, dialects::Dialect dialect, Random& random, int depth,
                      std::vector<Link>& out) const {
  if (depth > 16) return true;  // check refuses circles; a long chain of names ends here
  if (const auto alias = config_->aliases.find(std::string(name)); alias != config_->aliases.end()) {
    return expand(alias->second, dialect, random, depth + 1, out);
  }
  if (const auto* route = config_->route(name)) {
    expand_route(*route, dialect, random, depth, out, true);
    return true;
  }
  if (const size_t slash = name.find('/'); slash != std::string_view::npos) {
    if (const auto* found = upstream(name.substr(0, slash)); found != nullptr && slash + 1 < name.size()) {
      append(*found, name.substr(slash + 1), out);
      return true;
    }
  }
  return expand_bare(name, dialect, out);
}

bool Topology::serves(const Upstream& upstream, std::string_view model) const {
  const auto& provider = *upstream.provider;
  if (provider.serves(model)) return true;
  const std::string name = live_name(provider);
  if (state_.live_models.has(name, model)) return true;
  // Ollama's models have a tag, which goes without saying.
  return provider.kind() == "ollama" && model.find(':') == std::string_view::npos &&
         state_.live_models.has(name, std::string(model) + ":latest");
}

std::vector<std::string> Topology::models(const Upstream& upstream) const {
  auto out = upstream.provider->models();
  if (const auto told = state_.live_models.of(live_name(*upstream.provider)))
    out.insert(out.end(), told->begin(), told->end());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  if (upstream.keys.size() > 0)
    std::erase_if(out, [&](const std::string& model) { return upstream.keys.usable(model) == 0; });
  return out;
}

bool Topology::knows(std::string_view name) const {
  if (name.empty() || config_->aliases.contains(std::string(name)) || config_->route(name) != nullptr)
    return true;
  const size_t slash = name.find('/');
  if (slash != std::string_view::npos && upstream(name.substr(0, slash)) != nullptr) return true;
  return std::ranges::any_of(upstreams_, [&](const auto& u) { return serves(*u, name); });
}

bool Topology::expand_bare(std::string_view model, dialects::Dialect dialect, std::vector<Link>& out) const {
  // In a vendor's own dialect the name means that vendor's model first.
  std::vector<const Upstream*> serving;
  for (const auto& upstream : upstreams_) {
    if (serves(*upstream, model)) serving.push_back(upstream.get());
  }
  std::ranges::stable_partition(serving, [&](const Upstream* u) { return u->provider->own(dialect); });
  for (const auto* upstream : serving) append(*upstream, model, out);
  const bool found = !serving.empty();
  // A single provider of the dialect takes any name: its models may be newer than our catalog.
  if (!found) {
    const Upstream* only = nullptr;
    for (const auto& upstream : upstreams_) {
      if (!upstream->provider->wire(dialect) || upstream->provider->kind() == "mock") continue;
      if (only != nullptr) return false;
      only = upstream.get();
    }
    if (only == nullptr) return false;
    // But one that told its models has none of another provider's.
    const size_t slash = model.find('/');
    if (slash != std::string_view::npos && !only->provider->config().listed.empty() &&
        providers::find_row(model.substr(0, slash)) != nullptr)
      return false;
    append(*only, model, out);
  }
  return true;
}

void Topology::expand_route(const config::Route& route, dialects::Dialect dialect, Random& random, int depth,
                            std::vector<Link>& out, bool with_fallbacks) const {
  std::vector<const config::RouteTarget*> order;
  for (const auto& target : route.targets) order.push_back(&target);
  if (route.strategy == config::Strategy::weighted) {
    // Weighted sampling without replacement: each place goes to one of those left, by weight.
    for (size_t place = 0; place + 1 < order.size(); ++place) {
      double total = 0;
      for (size_t i = place; i < order.size(); ++i) total += order[i]->weight;
      double at = random.unit() * total;
      size_t chosen = place;
      for (size_t i = place; i < order.size(); ++i) {
        at -= order[i]->weight;
        if (at < 0) {
          chosen = i;
          break;
        }
      }
      std::swap(order[place], order[chosen]);
    }
  }
  for (const auto* target : order) expand(target->model, dialect, random, depth + 1, out);
  if (with_fallbacks && route.fallbacks) {
    for (const auto& entry : *route.fallbacks) expand(entry, dialect, random, depth + 1, out);
  }
}

void Topology::append_equivalents(std::vector<Link>& out) const {
  if (out.empty()) return;
  const Target primary = out.front().target;
  for (const auto& equivalent : providers::equivalents(primary.upstream->provider->kind(), primary.model)) {
    for (const auto& upstream : upstreams_) {
      if (upstream->provider->kind() == equivalent.kind) append(*upstream, equivalent.model, out);
    }
  }
}

void Topology::append(const Upstream& upstream, std::string_view model, std::vector<Link>& out) const {
  const bool there = std::ranges::any_of(
      out, [&](const Link& link) { return link.target.upstream == &upstream && link.target.model == model; });
  if (there) return;
  Target target{&upstream, std::string(model), nullptr};
  target.state = &state_.targets.of(target.name());
  out.push_back({std::move(target), {}});
}

ChainPolicy Topology::policy(const config::Route* route, const dialects::Request& request) const {
  const auto& fallback = config_->fallback;
  ChainPolicy policy{fallback.policy.on,
                     fallback.max_attempts,
                     fallback.policy.deadline,
                     fallback.policy.slow_after,
                     fallback.policy.commit,
                     fallback.policy.translation,
                     {}};
  if (route != nullptr) {
    policy.on = route->fallback_on.value_or(policy.on);
    policy.deadline = route->deadline.value_or(policy.deadline);
    policy.slow_after = route->slow_after.value_or(policy.slow_after);
    policy.commit = route->commit.value_or(policy.commit);
    policy.translation = route->translation.value_or(policy.translation);
    policy.timeouts = route->timeouts;
  }
  policy.on = request.fallback_on.value_or(policy.on);
  policy.commit = request.commit.value_or(policy.commit);
  return policy;
}

std::string Topology::why_not(const Target& target, const dialects::Request& request,
                              const std::vector<std::string>& labels, std::optional<int64_t>& tokens) const {
  const auto& provider = *target.upstream->provider;
  const auto wire = provider.wire(request.dialect, target.model);
  if (!wire) {
    return "it does not speak " + std::string(dialects::name(request.dialect));
  }
  if (request.needs.state && *wire != request.dialect) {
    return "it keeps no responses: " + std::string(request.needs.state) + " needs a provider that does";
  }
  for (const auto& label : labels) {
    const auto& own = provider.config().labels;
    if (std::ranges::find(own, label) == own.end()) return "it lacks the label '" + label + "'";
  }
  if (!target.model.empty() && target.upstream->keys.usable(target.model) == 0) {
    return target.upstream->keys.size() == 0 ? "it has no key" : "no key of it allows the model";
  }
  const auto facts = provider.facts(target.model);
  const auto& needs = request.needs;
  if (needs.vision && facts.vision == false) return "the model takes no images";
  if (needs.audio && facts.audio == false) return "the model takes no audio";
  if (needs.tools && facts.tools == false) return "the model has no tools";
  if (needs.json_schema && facts.json_schema == false) return "the model has no JSON schema";
  if (facts.context && is_too_long(request, *facts.context, target.state->tokens.factor(), tokens)) {
    return "its context of " + std::to_string(*facts.context) + " tokens is too small";
  }
  return {};
}

Error Topology::unknown_model(std::string_view model) const {
  std::vector<std::string_view> names;
  for (const auto& upstream : upstreams_) names.push_back(upstream->provider->name());
  for (const auto& route : config_->routes) names.push_back(route.name);
  Error error;
  error.error_class = ErrorClass::model_unavailable;
  error.code = "model_not_found";
  error.param = "model";
  error.message = "no configured provider serves the model '" + std::string(model) + "'";
  const size_t slash = model.find('/');
  const auto near = nearest(model.substr(0, slash), names);
  std::string unconfigured;
  const bool from_file = !config_->path.empty();
  if (slash != std::string_view::npos) {
    unconfigured = providers::why_not_configured(model.substr(0, slash), from_file);
  } else if (const auto kinds = providers::who_serves(model); !kinds.empty()) {
    unconfigured = providers::why_not_configured(kinds.front(), from_file);
  }
  if (!unconfigured.empty()) {
    error.message += "; " + unconfigured;
  } else if (!near.empty()) {
    error.message +=
        "; did you mean '" + std::string(near) + (slash == std::string_view::npos ? "'?" : "/…'?");
  } else {
    error.message += "; name one as provider/model with a provider of: ";
    for (size_t i = 0; i < upstreams_.size(); ++i) {
      error.message += (i == 0 ? "" : ", ") + upstreams_[i]->provider->name();
    }
  }
  return error;
}

}  // namespace llmgw::routing
