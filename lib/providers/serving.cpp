#include "providers/serving.h"

#include <algorithm>

#include "base/glob.h"
#include "providers/catalog.h"
#include "providers/model_name.h"

namespace llmgw::providers {
namespace {

struct Class {
  std::string_view group;  // a glob on canonical names
  std::string_view name;
};

// By canonical name; the first that matches holds. Judged by list price and the vendor's own tiers, 2026-11.
constexpr Class kClasses[] = {
    {"gpt-4o-mini", "small"},
    {"gpt-4.1-mini", "small"},
    {"gpt-5-mini", "small"},
    {"gpt-5.4-mini", "small"},
    {"gpt-4.1-nano", "small"},
    {"gpt-5-nano", "small"},
    {"gpt-5.4-nano", "small"},
    {"gpt-3.5-turbo*", "small"},
    {"claude-3-haiku", "small"},
    {"claude-3-5-haiku", "small"},
    {"claude-haiku-*", "small"},
    {"gemini-*flash*", "small"},
    {"mistral-small*", "small"},
    {"ministral-*", "small"},
    {"command-r", "small"},
    {"command-r-08-2024", "small"},
    {"llama-3.1-8b", "small"},
    {"llama-3.3-70b", "small"},
    {"gpt-oss-20b", "small"},
    {"qwen-flash", "small"},
    {"qwen-turbo", "small"},
    {"glm-*-flash", "small"},
    {"glm-*-air", "small"},
    {"deepseek-v4-flash*", "small"},
    {"grok-code-fast*", "small"},
    {"gpt-4o", "large"},
    {"gpt-4.1", "large"},
    {"gpt-4-turbo*", "large"},
    {"gpt-5", "large"},
    {"gpt-5.1", "large"},
    {"gpt-5.2", "large"},
    {"gpt-5.4", "large"},
    {"gpt-5.5", "large"},
    {"gpt-5.6", "large"},
    {"claude-3-5-sonnet", "large"},
    {"claude-3-7-sonnet", "large"},
    {"claude-sonnet-*", "large"},
    {"claude-opus-*", "large"},
    {"gemini-*-pro*", "large"},
    {"gemini-pro", "large"},
    {"mistral-large*", "large"},
    {"mistral-medium*", "large"},
    {"command-a*", "large"},
    {"command-r-plus*", "large"},
    {"grok-4*", "large"},
    {"deepseek-chat", "large"},
    {"deepseek-v3*", "large"},
    {"deepseek-v4-pro*", "large"},
    {"llama-3.1-405b", "large"},
    {"llama-4-maverick", "large"},
    {"kimi-k*", "large"},
    {"qwen-max", "large"},
    {"qwen-plus", "large"},
    {"qwen-3-max", "large"},
    {"glm-4.6", "large"},
    {"glm-4.7", "large"},
    {"glm-5*", "large"},
    {"gpt-oss-120b", "large"},
    {"o1*", "reasoning"},
    {"o3*", "reasoning"},
    {"o4-mini*", "reasoning"},
    {"deepseek-reasoner", "reasoning"},
    {"deepseek-r1*", "reasoning"},
    {"magistral-*", "reasoning"},
    {"sonar-reasoning*", "reasoning"},
};

// Who stands in for a class, one model a vendor, best first; those that the facts list are offered.
struct StandIn {
  std::string_view name, kind, model;
};
constexpr StandIn kStandIns[] = {
    {"small", "openai", "gpt-4o-mini"},
    {"small", "anthropic", "claude-haiku-4-5"},
    {"small", "gemini", "gemini-2.5-flash"},
    {"small", "mistral", "mistral-small-latest"},
    {"small", "groq", "openai/gpt-oss-20b"},
    {"small", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"},
    {"small", "deepseek", "deepseek-v4-flash"},
    {"small", "alibaba", "qwen-flash"},
    {"small", "deepinfra", "meta-llama/Llama-3.3-70B-Instruct"},
    {"large", "openai", "gpt-4.1"},
    {"large", "anthropic", "claude-sonnet-4-5"},
    {"large", "gemini", "gemini-2.5-pro"},
    {"large", "xai", "grok-4.5"},
    {"large", "mistral", "mistral-large-latest"},
    {"large", "deepseek", "deepseek-v4-pro"},
    {"large", "moonshot", "kimi-k2.6"},
    {"large", "zhipu", "glm-5"},
    {"large", "alibaba", "qwen3-max"},
    {"large", "groq", "openai/gpt-oss-120b"},
    {"large", "cerebras", "gpt-oss-120b"},
    {"reasoning", "openai", "o4-mini"},
    {"reasoning", "anthropic", "claude-sonnet-4-5"},
    {"reasoning", "gemini", "gemini-2.5-pro"},
    {"reasoning", "deepseek", "deepseek-reasoner"},
    {"reasoning", "xai", "grok-4.5"},
    {"reasoning", "mistral", "magistral-medium-latest"},
};

// Of several names for one model at a provider: the very name, else the undated one, else the first.
int rank(const ModelFacts& f, std::string_view model) {
  if (f.model == model) return 0;
  if (f.model == f.group) return 1;
  return f.model.size() < 40 ? 2 : 3;
}

}  // namespace

std::string why_not_configured(std::string_view kind, bool from_file) {
  const Row* row = find_row(kind);
  if (row == nullptr) return {};
  const std::string name(kind);
  std::string text = name + " is known but not configured: ";
  const bool variable = !row->local && !row->env_names().empty() && !row->base_url.empty();
  if (from_file || (!variable && !row->local)) return text + "add [providers." + name + "] to the config";
  if (variable) return text + "set " + std::string(row->env_names().front());
  return text + "nothing answers at its port " + std::to_string(row->port) +
         "; start it, or add [providers." + name + "] to a config";
}

std::vector<std::string_view> who_serves(std::string_view model) {
  std::vector<std::string_view> kinds;
  if (const auto vendor = family(model); !vendor.empty()) kinds.push_back(vendor);
  for (const Row& row : catalog()) {
    if (facts(row.kind, model) != nullptr && std::ranges::find(kinds, row.kind) == kinds.end()) {
      kinds.push_back(row.kind);
    }
  }
  return kinds;
}

std::string_view model_class(std::string_view model) {
  const std::string group = canonical_model(model);
  for (const Class& c : kClasses) {
    if (glob_match(c.group, group)) return c.name;
  }
  return {};
}

std::vector<Equivalent> equivalents(std::string_view kind, std::string_view model) {
  const ModelFacts* own = facts(kind, model);
  if (own != nullptr && own->embedding) return {};
  const std::string group = own != nullptr ? std::string(own->group) : canonical_model(model);

  std::vector<const ModelFacts*> best;  // one a kind
  for (const ModelFacts& f : built_in_models()) {
    if (f.group != group || f.kind == kind || !f.chat) continue;
    if (best.empty() || best.back()->kind != f.kind) {
      best.push_back(&f);
    } else if (rank(f, model) < rank(*best.back(), model)) {
      best.back() = &f;
    }
  }

  std::vector<Equivalent> out;
  for (const Row& row : catalog()) {
    for (const ModelFacts* f : best) {
      if (f->kind == row.kind) out.push_back({f->kind, f->model, true});
    }
  }
  const std::string_view name = model_class(model);
  for (const bool own_vendor : {false, true}) {
    for (const StandIn& s : kStandIns) {
      if (s.name != name || (s.kind == kind) != own_vendor || (s.kind == kind && s.model == model)) continue;
      if (facts(s.kind, s.model) == nullptr || canonical_model(s.model) == group) continue;
      out.push_back({s.kind, s.model, false});
    }
  }
  return out;
}

}  // namespace llmgw::providers
