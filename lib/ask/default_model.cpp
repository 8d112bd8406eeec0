#include "ask/default_model.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace llmgw::ask {
namespace {

// Cheap, quick, good enough for everyday questions: our choice among the chat models of the catalog.
constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kEveryday = {{
    {"openai", "gpt-4o-mini"},
    {"azure", "gpt-4o-mini"},
    {"anthropic", "claude-haiku-4-5"},
    {"gemini", "gemini-2.5-flash"},
    {"mistral", "mistral-small-latest"},
    {"cohere", "command-r-08-2024"},
    {"groq", "openai/gpt-oss-20b"},
    {"together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"},
    {"fireworks", "accounts/fireworks/models/llama-v3p3-70b-instruct"},
    {"openrouter", "openai/gpt-4o-mini"},
    {"deepseek", "deepseek-chat"},
    {"xai", "grok-4.20"},
    {"perplexity", "sonar"},
    {"cerebras", "llama-3.3-70b"},
    {"sambanova", "Meta-Llama-3.3-70B-Instruct"},
    {"nebius", "meta-llama/Llama-3.3-70B-Instruct"},
    {"deepinfra", "meta-llama/Llama-3.3-70B-Instruct"},
    {"moonshot", "kimi-k2.6"},
    {"zhipu", "glm-4.7-flash"},
    {"alibaba", "qwen-plus"},
}};

}  // namespace

std::string_view everyday_model(std::string_view kind) {
  const auto row = std::ranges::find(kEveryday, kind, [](const auto& e) { return e.first; });
  return row != kEveryday.end() ? row->second : std::string_view();
}

std::optional<std::string> default_model(const routing::Topology& topology) {
  for (const auto& upstream : topology.upstreams()) {
    const auto& provider = *upstream->provider;
    if (provider.kind() == "mock" || !provider.speaks(dialects::Dialect::openai_chat)) continue;
    std::string model(everyday_model(provider.kind()));
    if (model.empty()) {
      const auto& own = provider.config().listed;
      for (const auto& listed : own.empty() ? provider.models() : own) {
        const bool embeds = provider.facts(listed).embedding || icontains(listed, "embed");
        if (model.empty() && !embeds) model = listed;
      }
    }
    if (!model.empty() && upstream->keys.usable(model) > 0) return provider.name() + "/" + model;
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
