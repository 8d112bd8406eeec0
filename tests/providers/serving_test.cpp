#include "providers/serving.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "providers/model_name.h"

using namespace llmgw;
using namespace llmgw::providers;

namespace {
bool has(const std::vector<std::string_view>& kinds, std::string_view kind) {
  return std::ranges::find(kinds, kind) != kinds.end();
}
}  // namespace

TEST_CASE("a bare name is served by its vendor first, then by whoever lists it") {
  const auto gpt = who_serves("gpt-4o");
  REQUIRE_FALSE(gpt.empty());
  CHECK(gpt[0] == "openai");
  CHECK(has(gpt, "azure"));
  CHECK(who_serves("claude-sonnet-99") == std::vector<std::string_view>{"anthropic"});
  CHECK(has(who_serves("gpt-oss-120b"), "cerebras"));
  CHECK_FALSE(has(who_serves("gpt-oss-120b"), "openai"));
  CHECK(who_serves("nobody-knows-me").empty());
}

TEST_CASE("auto fallbacks are the same model elsewhere, then its class") {
  const auto list = equivalents("cerebras", "llama-3.3-70b");
  REQUIRE(list.size() > 5);
  std::set<std::string_view> kinds;
  bool seen_other = false;
  for (const Equivalent& e : list) {
    CAPTURE(e.model);
    if (!e.same) {
      seen_other = true;
      continue;
    }
    CHECK_FALSE(seen_other);  // the same model comes first
    CHECK(kinds.insert(e.kind).second);
    CHECK(canonical_model(e.model) == "llama-3.3-70b");
    CHECK(e.kind != "cerebras");
  }
  CHECK(kinds.contains("together"));
  CHECK(kinds.contains("fireworks"));
  CHECK(seen_other);
}

TEST_CASE("small stands in for small, large for large") {
  CHECK(model_class("gpt-4o-mini") == "small");
  CHECK(model_class("anthropic/claude-3.5-haiku") == "small");
  CHECK(model_class("gemini-2.5-flash") == "small");
  CHECK(model_class("claude-sonnet-4-5-20250929") == "large");
  CHECK(model_class("o3") == "reasoning");
  CHECK(model_class("my-own-model").empty());

  const auto list = equivalents("openai", "gpt-4o-mini");
  const auto is = [](std::string_view kind) {
    return [kind](const Equivalent& e) { return e.kind == kind && !e.same; };
  };
  CHECK(std::ranges::any_of(list, is("anthropic")));
  CHECK(std::ranges::any_of(list, is("gemini")));
  for (const Equivalent& e : list) CHECK(model_class(e.model) == "small");
  CHECK(std::ranges::find(list, Equivalent{"azure", "gpt-4o-mini", true}) != list.end());
}

TEST_CASE("every stand-in is a model that the facts list and that chats") {
  for (std::string_view model : {"gpt-4o-mini", "gpt-4o", "o3"}) {
    const auto list = equivalents("nobody", model);
    CHECK(list.size() >= 4);
    for (const Equivalent& e : list) {
      CAPTURE(e.model);
      const ModelFacts* f = facts(e.kind, e.model);
      REQUIRE(f != nullptr);
      CHECK(f->chat);
    }
  }
}

TEST_CASE("embeddings and unknown models have no equivalents") {
  CHECK(equivalents("openai", "text-embedding-3-small").empty());
  CHECK(equivalents("openai", "my-own-model").empty());
}

TEST_CASE("a kind that is known but not configured has a word on what to do") {
  CHECK(providers::why_not_configured("groq", false) == "groq is known but not configured: set GROQ_API_KEY");
  CHECK(providers::why_not_configured("groq", true) ==
        "groq is known but not configured: add [providers.groq] to the config");
  CHECK(providers::why_not_configured("ollama", false) ==
        "ollama is known but not configured: nothing answers at its port 11434; start it, or add "
        "[providers.ollama] to a config");
  CHECK(providers::why_not_configured("azure", false) ==
        "azure is known but not configured: add [providers.azure] to the config");
  CHECK(providers::why_not_configured("nothing", false).empty());
}
