#include "ask/default_model.h"

#include <algorithm>
#include <array>

namespace llmgw::ask {
namespace {

// Cheap, quick, good enough for everyday questions; our choice among what the vendors list.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kEveryday = {{
    {"openai", "gpt-4o-mini"},
    {"azure", "gpt-4o-mini"},
    {"anthropic", "claude-3-5-haiku-latest"},
    {"gemini", "gemini-2.5-flash"},
    {"mistral", "mistral-small-latest"},
    {"groq", "llama-3.3-70b-versatile"},
    {"deepseek", "deepseek-chat"},
    {"xai", "grok-3-mini"},
    {"openrouter", "openai/gpt-4o-mini"},
    {"together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"},
    {"fireworks", "accounts/fireworks/models/llama-v3p3-70b-instruct"},
    {"cerebras", "llama-3.3-70b"},
    {"sambanova", "Meta-Llama-3.3-70B-Instruct"},
    {"perplexity", "sonar"},
    {"moonshot", "kimi-latest"},
    {"cohere", "command-r-08-2024"},
}};

}  // namespace

std::optional<std::string> default_model(const routing::Topology& topology) {
  for (const auto& upstream : topology.upstreams()) {
    const auto& provider = *upstream->provider;
    if (provider.kind() == "mock" || !provider.speaks(dialects::Dialect::openai_chat)) continue;
    const auto models = provider.models();
    const auto everyday = std::ranges::find(kEveryday, std::string_view(provider.kind()),
                                            [](const auto& e) { return e.first; });
    std::string model(everyday != kEveryday.end() ? everyday->second
                      : models.empty()            ? ""
                                                  : std::string_view(models.front()));
    if (model.empty() || upstream->keys.usable(model) == 0) continue;
    return provider.name() + "/" + model;
  }
  return std::nullopt;
}

std::string key_variables(const config::Known& known) {
  std::string names;
  for (const auto& kind : known.kinds) {
    if (!kind.key_env.empty()) names += (names.empty() ? "" : ", ") + kind.key_env;
  }
  return names.empty() ? "OPENAI_API_KEY" : names;
}

}  // namespace llmgw::ask
