#include "ask/default_model.h"

#include <doctest/doctest.h>

#include "providers/discover.h"
#include "providers/models.h"

using namespace llmgw;

namespace {

// The model that is asked with these variables set and nothing else.
std::string chosen(const std::map<std::string, std::string>& variables) {
  config::Environment environment = config::system_environment();
  environment.variable = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  routing::State state;
  const auto topology = routing::Topology::make(providers::config_from_environment(environment), state);
  REQUIRE(topology);
  return ask::default_model(**topology).value_or("");
}

}  // namespace

TEST_CASE("every kind's everyday model is a chat model that the catalog knows") {
  for (const auto& kind : providers::known_kinds().kinds) {
    const auto model = ask::everyday_model(kind.name);
    if (model.empty() || kind.name == "openrouter") continue;  // whose models are everybody's
    CAPTURE(kind.name);
    const auto* facts = providers::facts(kind.name, model);
    REQUIRE(facts != nullptr);
    CHECK(facts->chat);
  }
}

TEST_CASE("the first provider with a key is asked; the mock never is") {
  CHECK(chosen({}) == "");
  CHECK(chosen({{"OPENAI_API_KEY", "sk-x"}}) == "openai/gpt-4o-mini");
  CHECK(chosen({{"GROQ_API_KEY", "gsk-x"}}) == "groq/openai/gpt-oss-20b");
  CHECK(chosen({{"GROQ_API_KEY", "gsk-x"}, {"OPENAI_API_KEY", "sk-x"}}) == "openai/gpt-4o-mini");
}

TEST_CASE("of a local server the first chat model that it lists is asked") {
  auto config = std::make_shared<config::Config>();
  auto& ollama = config->providers.emplace_back();
  ollama.name = ollama.kind = "ollama";
  ollama.base_url = "http://127.0.0.1:11434/v1";
  ollama.listed = {"nomic-embed-text:latest", "qwen3:8b", "gemma3:4b"};
  routing::State state;
  const auto topology = routing::Topology::make(config, state);
  REQUIRE(topology);
  CHECK(ask::default_model(**topology) == "ollama/qwen3:8b");
  CHECK((*topology)->upstream("ollama")->provider->serves("gemma3:4b"));
}

TEST_CASE("the variables that make a provider are named") {
  const auto names = ask::key_variables(providers::known_kinds());
  for (const char* name : {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY"})
    CHECK(names.find(name) != std::string::npos);
}
