#include "providers/models.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "providers/catalog.h"
#include "providers/model_name.h"

using namespace llmgw;
using namespace llmgw::providers;

TEST_CASE("the facts compiled in are sorted, many, and of known kinds") {
  const auto all = built_in_models();
  CHECK(all.size() >= 300);
  CHECK(built_in_source().find("litellm") == 0);
  CHECK(std::ranges::is_sorted(all, {}, [](const ModelFacts& f) { return std::pair(f.kind, f.model); }));
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const ModelFacts& f : all) {
    CAPTURE(f.model);
    CHECK(names.emplace(f.kind, f.model).second);
    CHECK(find_row(f.kind) != nullptr);
    CHECK((f.chat || f.embedding || f.rerank || f.responses_only));
    CHECK(f.group == canonical_model(f.model));
    if (f.price.rates.input) CHECK(f.price.rates.input->value >= 0);
  }
}

TEST_CASE("a model's facts are found by kind and name") {
  const ModelFacts* f = facts("openai", "gpt-4o-mini");
  REQUIRE(f != nullptr);
  CHECK(f->context == 128000);
  CHECK(f->max_output == 16384);
  CHECK(f->vision == true);
  CHECK(f->audio == false);
  CHECK(f->tools == true);
  CHECK(f->parallel_tools == true);
  CHECK(f->json_schema == true);
  CHECK_FALSE(f->reasoning);
  CHECK(f->price.rates.input == PicoUsd{150'000});
  CHECK(f->price.rates.output == PicoUsd{600'000});
  CHECK(f->price.rates.cached_input == PicoUsd{75'000});
  CHECK(f->price.batch_input == PicoUsd{75'000});

  const ModelFacts* e = facts("openai", "text-embedding-3-small");
  REQUIRE(e != nullptr);
  CHECK(e->embedding);
  CHECK(e->dimensions == 1536);
  CHECK(e->price.rates.input == PicoUsd{20'000});

  CHECK(facts("openai", "gpt-4o-min") == nullptr);
  CHECK(facts("nobody", "gpt-4o") == nullptr);
  CHECK(facts("", "") == nullptr);
}

TEST_CASE("one model has one name, however a provider spells it") {
  struct Case {
    std::string_view name, canonical;
  };
  for (auto [name, canonical] :
       std::initializer_list<Case>{{"meta-llama/Llama-3.3-70B-Instruct-Turbo", "llama-3.3-70b"},
                                   {"accounts/fireworks/models/llama-v3p3-70b-instruct", "llama-3.3-70b"},
                                   {"us.meta.llama3-3-70b-instruct-v1:0", "llama-3.3-70b"},
                                   {"llama-3.3-70b-versatile", "llama-3.3-70b"},
                                   {"meta/llama-3.3-70b-instruct-maas", "llama-3.3-70b"},
                                   {"llama3.3:70b", "llama-3.3-70b"},
                                   {"llama-3.1-8b-instant", "llama-3.1-8b"},
                                   {"claude-sonnet-4-5-20250929", "claude-sonnet-4-5"},
                                   {"claude-sonnet-4-5@20250929", "claude-sonnet-4-5"},
                                   {"anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"},
                                   {"eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"},
                                   {"claude-3-5-haiku-latest", "claude-3-5-haiku"},
                                   {"gpt-4o-2024-08-06", "gpt-4o"},
                                   {"gpt-4-turbo", "gpt-4-turbo"},
                                   {"gpt-35-turbo", "gpt-3.5-turbo"},
                                   {"openai.gpt-oss-120b-1:0", "gpt-oss-120b"},
                                   {"openai/gpt-oss-120b", "gpt-oss-120b"},
                                   {"deepseek-ai/DeepSeek-V3.1", "deepseek-v3.1"},
                                   {"accounts/fireworks/models/deepseek-v3p1", "deepseek-v3.1"},
                                   {"deepseek.v3.2", "deepseek-v3.2"},
                                   {"zai-org/GLM-4.6", "glm-4.6"},
                                   {"Qwen/Qwen3-Next-80B-A3B-Thinking", "qwen-3-next-80b-a3b-thinking"},
                                   {"Qwen/Qwen3-Next-80B-A3B-Instruct", "qwen-3-next-80b-a3b"},
                                   {"google/gemma-3-27b-it", "gemma-3-27b"},
                                   {"", ""},
                                   {"/", ""}}) {
    CAPTURE(name);
    CHECK(canonical_model(name) == canonical);
  }
}

TEST_CASE("a price list of litellm's becomes rows with exact prices") {
  const auto rows = import_litellm(R"({
    "sample_spec": {"litellm_provider": "one of", "mode": "one of"},
    "gpt-x": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 1000, "max_output_tokens": 100,
              "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07,
              "cache_read_input_token_cost": 7.5e-08, "input_cost_per_token_above_200k_tokens": 3e-07,
              "supports_vision": true, "supports_function_calling": true, "supports_response_schema": false},
    "groq/fast": {"litellm_provider": "groq", "mode": "chat", "max_input_tokens": 10},
    "groq/free": {"litellm_provider": "groq", "mode": "chat", "max_input_tokens": 10, "input_cost_per_token": 0.0,
                  "output_cost_per_token": 0},
    "embed": {"litellm_provider": "openai", "mode": "embedding", "output_vector_size": 8, "input_cost_per_token": 2e-8},
    "rank": {"litellm_provider": "cohere", "mode": "rerank", "input_cost_per_query": 0.002, "input_cost_per_token": 0.0,
             "output_cost_per_token": 0.0, "max_input_tokens": 4096},
    "azure/eu/gpt-x": {"litellm_provider": "azure", "mode": "chat", "max_input_tokens": 1},
    "image": {"litellm_provider": "openai", "mode": "image_generation"},
    "other": {"litellm_provider": "nobody", "mode": "chat", "max_input_tokens": 1},
    "odd": 5, "worse": {"litellm_provider": 5, "mode": [], "max_input_tokens": "x"},
    "negative": {"litellm_provider": "xai", "mode": "chat", "max_input_tokens": -5, "input_cost_per_token": -1}
  })");
  REQUIRE(rows);
  REQUIRE(rows->size() == 5);
  const ModelFacts rank = (*rows)[0].facts(), fast = (*rows)[1].facts(), gpt = (*rows)[4].facts(),
                   embed = (*rows)[3].facts();
  CHECK(rank.rerank);
  CHECK(rank.price.search == PicoUsd{2'000'000'000});
  CHECK_FALSE(rank.price.rates.input);
  CHECK(fast.kind == "groq");
  CHECK(fast.model == "fast");
  CHECK_FALSE(fast.vision);
  CHECK_FALSE((*rows)[2].facts().price.known());  // 0 may as well mean unknown
  CHECK(embed.embedding);
  CHECK(embed.dimensions == 8);
  CHECK(gpt.context == 1000);
  CHECK(gpt.vision == true);
  CHECK(gpt.audio == false);
  CHECK(gpt.json_schema == false);
  CHECK(gpt.price.rates.input == PicoUsd{150'000});
  CHECK(gpt.price.rates.cached_input == PicoUsd{75'000});
  CHECK(gpt.price.long_from == 200'000);
  CHECK(gpt.price.at(200'001).input == PicoUsd{300'000});
}

TEST_CASE("a price list that is none is refused") {
  for (std::string_view text : {"", "[]", "{", "5", "{}", R"({"a": {}})", "\xff"}) {
    CAPTURE(text);
    CHECK_FALSE(import_litellm(text));
  }
}

TEST_CASE("what is written in the data file's format is read again") {
  const auto rows = import_litellm(
      R"({"gpt-x": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 1000, "input_cost_per_token": 1e-6}})");
  REQUIRE(rows);
  const std::string text = to_text(*rows, "first\nsecond");
  CHECK(text.starts_with("# first\n# second\nopenai\tgpt-x\tgpt-x\tc\t1000\t-\t-\t1000000\t-"));
  const auto again = from_text(text);
  REQUIRE(again);
  REQUIRE(again->size() == 1);
  CHECK((*again)[0].numbers == (*rows)[0].numbers);
  CHECK((*again)[0].flags == "c");
  CHECK((*again)[0].numbers.back() == -1);  // a column that few rows have
  ModelRow rank = (*rows)[0];
  rank.numbers.back() = 5;
  CHECK(from_text(to_text(std::vector{rank}, ""))->at(0).numbers == rank.numbers);
  CHECK(facts("cohere", "rerank-v3.5")->price.search == PicoUsd{2'000'000'000});
  CHECK_FALSE(facts("cohere", "command-r-08-2024")->price.search);

  for (std::string_view bad : {"a\tb\n", "openai\tm\tg\tc\tx\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n",
                               "\tm\tg\tc\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\n"}) {
    const auto read = from_text(bad);
    REQUIRE_FALSE(read);
    CHECK(read.error().message.starts_with("model facts, line 1: "));
  }
}

TEST_CASE("of imported rows for one model the last holds") {
  ModelRow first{"openai", "m", "m", "c", {}}, second = first, other{"groq", "m", "m", "c", {}};
  first.numbers.fill(-1);
  second.numbers.fill(-1);
  other.numbers.fill(-1);
  second.numbers[0] = 7;
  const ModelTable table({first, other, second});
  CHECK(table.all().size() == 2);
  CHECK(table.find("openai", "m")->context == 7);
  CHECK(table.find("groq", "m")->context == std::nullopt);
  CHECK(table.find("groq", "x") == nullptr);
}
