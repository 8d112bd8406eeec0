// What a provider's models are: facts, prices, patience.
#include <algorithm>
#include <array>

#include "base/glob.h"
#include "providers/provider.h"

namespace llmgw::providers {
namespace {

// The simulator's models (docs: "The mock provider's models").
constexpr std::array<std::string_view, 19> kMockModels = {
    "cut",      "echo",     "fail-400", "fail-401",    "fail-402", "fail-404", "fail-429",
    "fail-500", "fail-503", "fail-529", "first-error", "flaky",    "hang",     "html",
    "json",     "lorem",    "refuse",   "slow",        "tool"};

bool mock_serves(std::string_view model) {
  return std::ranges::find(kMockModels, model) != kMockModels.end();
}

void append_models(std::span<const ModelFacts> facts, std::string_view kind, std::vector<std::string>& out) {
  for (const ModelFacts& f : facts) {
    if (f.kind == kind) out.emplace_back(f.model);
  }
}

}  // namespace

bool Provider::serves(std::string_view model) const {
  if (model.empty()) return false;
  if (row_->auth == AuthScheme::none) return mock_serves(model);
  if (std::ranges::find(config_.listed, model) != config_.listed.end()) return true;
  if (config_.models.contains(std::string(model)) || family(model) == row_->kind) return true;
  if (catalog_facts(model) != nullptr) return true;
  return std::ranges::any_of(keys_, [&](const config::Key& key) {
    return key.models && std::ranges::any_of(*key.models, [&](const std::string& glob) {
             return glob != "*" && glob_match(glob, model);
           });
  });
}

std::vector<std::string> Provider::models() const {
  std::vector<std::string> out;
  for (const auto& [model, facts] : config_.models) out.push_back(model);
  out.insert(out.end(), config_.listed.begin(), config_.listed.end());
  if (row_->auth == AuthScheme::none) {
    out.insert(out.end(), kMockModels.begin(), kMockModels.end());
  } else if (!row_->local && row_->kind != "azure") {
    if (imported_) append_models(imported_->all(), row_->kind, out);
    append_models(built_in_models(), row_->kind, out);
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

const ModelFacts* Provider::catalog_facts(std::string_view model) const {
  if (!row_->model_prefix.empty() && model.starts_with(row_->model_prefix)) {
    model.remove_prefix(row_->model_prefix.size());
  }
  if (imported_) {
    if (const ModelFacts* f = imported_->find(row_->kind, model)) return f;
  }
  return providers::facts(row_->kind, model);
}

ModelFacts Provider::facts(std::string_view model) const {
  const auto own = config_.models.find(std::string(model));
  std::string_view source = model;
  if (own != config_.models.end() && !own->second.is.empty()) source = own->second.is;

  ModelFacts out;
  if (const ModelFacts* found = catalog_facts(source)) {
    out = *found;
  } else if (const size_t slash = source.find('/'); slash != std::string_view::npos) {
    // `is = "openai/gpt-4o"`: another provider's facts, without its price.
    const std::string_view kind = source.substr(0, slash), name = source.substr(slash + 1);
    if (const ModelFacts* other = providers::facts(kind, name); other != nullptr && source != model) {
      out = *other;
      out.price = {};
    }
  }
  out.kind = row_->kind;
  out.model = model;
  if (own == config_.models.end()) return out;

  const config::ModelFacts& said = own->second;
  if (said.context) out.context = said.context;
  if (said.max_output) out.max_output = said.max_output;
  auto override_fact = [](std::optional<bool>& fact, std::optional<bool> with) {
    if (with) fact = with;
  };
  override_fact(out.vision, said.vision);
  override_fact(out.audio, said.audio);
  override_fact(out.tools, said.tools);
  override_fact(out.parallel_tools, said.parallel_tools);
  override_fact(out.json_schema, said.json_schema);
  override_fact(out.reasoning, said.reasoning);
  return out;
}

Price Provider::price(std::string_view model) const {
  for (const auto& [glob, said] : config_.prices) {
    if (glob_match(glob, model)) return from_config(said);
  }
  if (row_->local || row_->auth == AuthScheme::none) return free_of_charge();
  return facts(model).price;
}

std::optional<NanoUsd> Provider::cost(std::string_view model, const observe::Usage& usage) const {
  return providers::cost(price(model), usage);
}

config::Timeouts Provider::timeouts(std::string_view model) const {
  const bool thinks = !model.empty() && facts(model).reasoning.value_or(false);
  const Duration patience = thinks ? std::max<Duration>(180s, row_->patience()) : row_->patience();
  const config::Timeouts& t = config_.timeouts;
  return {t.connect.value_or(5s), t.first_token.value_or(patience), t.idle.value_or(patience),
          t.total.value_or(600s)};
}

}  // namespace llmgw::providers
