#include "providers/catalog.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "dialects/codec.h"
#include "net/endpoint.h"

using namespace llmgw;
using namespace llmgw::providers;

TEST_CASE("the catalog has a row for every provider of the spec") {
  for (std::string_view kind : {"openai",
                                "azure",
                                "anthropic",
                                "bedrock",
                                "vertex",
                                "gemini",
                                "mistral",
                                "cohere",
                                "groq",
                                "together",
                                "fireworks",
                                "openrouter",
                                "deepseek",
                                "xai",
                                "perplexity",
                                "cerebras",
                                "sambanova",
                                "nvidia",
                                "nebius",
                                "huggingface",
                                "deepinfra",
                                "novita",
                                "moonshot",
                                "zhipu",
                                "alibaba",
                                "ollama",
                                "vllm",
                                "sglang",
                                "llamacpp",
                                "lmstudio",
                                "openai-compatible",
                                "mock"}) {
    CAPTURE(kind);
    CHECK(find_row(kind) != nullptr);
  }
  CHECK(catalog().size() >= 30);
  CHECK(find_row("opnai") == nullptr);
  CHECK(nearest_kind("opnai") == "openai");
  CHECK(nearest_kind("zzzzzzzz").empty());
}

TEST_CASE("every row is whole") {
  std::set<std::string_view> kinds, variables;
  for (const Row& row : catalog()) {
    CAPTURE(row.kind);
    CHECK(kinds.insert(row.kind).second);
    CHECK_FALSE(row.label.empty());
    CHECK_FALSE(row.dialects.empty());
    CHECK(row.dialects.has(Dialect::openai_chat));  // all can be called in this release
    CHECK_FALSE(row.docs.empty());
    CHECK((row.verified == "unverified" || row.verified.size() == 10));
    CHECK(row.local == (row.port != 0));
    CHECK(row.patience() == (row.local || row.slow ? Duration(180s) : Duration(60s)));
    for (std::string_view variable : row.env_names()) CHECK(variables.insert(variable).second);
    if (!row.base_url.empty() && row.base_url.find('{') == std::string_view::npos) {
      const auto url = net::parse_base_url(row.base_url);
      REQUIRE(url);
      CHECK((url->secure() || row.local || url->scheme == "mock"));
    }
    // What is not built is said; who speaks OpenAI's dialects alone lacks nothing.
    bool own = false, unbuilt = false;
    for (const auto d : {Dialect::anthropic_messages, Dialect::gemini_generate, Dialect::bedrock_converse,
                         Dialect::cohere_chat}) {
      own = own || row.dialects.has(d);
      unbuilt = unbuilt || (row.dialects.has(d) && dialects::codec(d) == nullptr);
    }
    if (unbuilt) CHECK_FALSE(row.missing.empty());
    if (!own) CHECK(row.missing.empty());
  }
}

TEST_CASE("a bare model name belongs to its vendor's family") {
  struct Case {
    std::string_view model, kind;
  };
  for (auto [model, kind] : std::initializer_list<Case>{{"gpt-4o-mini", "openai"},
                                                        {"o1", "openai"},
                                                        {"o3-mini", "openai"},
                                                        {"o4-mini", "openai"},
                                                        {"chatgpt-4o-latest", "openai"},
                                                        {"ft:gpt-4o:acme", "openai"},
                                                        {"claude-sonnet-9", "anthropic"},
                                                        {"gemini-9-pro", "gemini"},
                                                        {"mistral-large-latest", "mistral"},
                                                        {"deepseek-chat", "deepseek"},
                                                        {"grok-9", "xai"},
                                                        {"command-a-03-2025", "cohere"},
                                                        {"sonar-pro", "perplexity"},
                                                        {"kimi-k3", "moonshot"},
                                                        {"glm-5", "zhipu"},
                                                        {"qwen-max", "alibaba"},
                                                        {"gpt-oss-120b", ""},
                                                        {"llama-3.3-70b", ""},
                                                        {"o12", ""},
                                                        {"", ""}}) {
    CAPTURE(model);
    CHECK(family(model) == kind);
  }
}

TEST_CASE("dialects come in the order of preference") {
  const auto list = find_row("anthropic")->dialects.list();
  REQUIRE(list.size() == 2);
  CHECK(list[0] == Dialect::openai_chat);
  CHECK(list[1] == Dialect::anthropic_messages);
}

TEST_CASE("quirks say what a provider refuses") {
  const auto refused = find_row("mistral")->quirks.refused();
  REQUIRE(refused.size() == 7);
  CHECK(refused[0].field == "max_completion_tokens");
  CHECK(refused[0].rename == "max_tokens");
  CHECK_FALSE(find_row("mistral")->quirks.stream_options);
  CHECK(find_row("openai")->quirks.refused().empty());
}
