#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "providers/model_name.h"
#include "providers/models.h"

namespace llmgw::providers {
namespace {

using Json = nlohmann::json;

// litellm's provider, the catalog's kind, and the prefix that its names carry.
struct Source {
  std::string_view provider, kind, prefix;
};
constexpr Source kSources[] = {
    {"openai", "openai", ""},
    {"azure", "azure", "azure/"},
    {"anthropic", "anthropic", ""},
    {"bedrock", "bedrock", ""},
    {"bedrock_converse", "bedrock", ""},
    {"vertex_ai", "vertex", "vertex_ai/"},
    {"vertex_ai-language-models", "vertex", "vertex_ai/"},
    {"vertex_ai-anthropic_models", "vertex", "vertex_ai/"},
    {"vertex_ai-llama_models", "vertex", "vertex_ai/"},
    {"vertex_ai-mistral_models", "vertex", "vertex_ai/"},
    {"vertex_ai-embedding-models", "vertex", "vertex_ai/"},
    {"gemini", "gemini", "gemini/"},
    {"mistral", "mistral", "mistral/"},
    {"cohere", "cohere", "cohere/"},
    {"cohere_chat", "cohere", "cohere/"},
    {"groq", "groq", "groq/"},
    {"together_ai", "together", "together_ai/"},
    {"fireworks_ai", "fireworks", "fireworks_ai/"},
    {"fireworks_ai-embedding-models", "fireworks", "fireworks_ai/"},
    {"openrouter", "openrouter", "openrouter/"},
    {"deepseek", "deepseek", "deepseek/"},
    {"xai", "xai", "xai/"},
    {"perplexity", "perplexity", "perplexity/"},
    {"cerebras", "cerebras", "cerebras/"},
    {"sambanova", "sambanova", "sambanova/"},
    {"nvidia_nim", "nvidia", "nvidia_nim/"},
    {"nebius", "nebius", "nebius/"},
    {"huggingface", "huggingface", "huggingface/"},
    {"deepinfra", "deepinfra", "deepinfra/"},
    {"novita", "novita", "novita/"},
    {"moonshot", "moonshot", "moonshot/"},
    {"zai", "zhipu", "zai/"},
    {"dashscope", "alibaba", "dashscope/"},
    {"ollama", "ollama", "ollama/"},
};

const Source* source_of(std::string_view provider) {
  for (const Source& s : kSources) {
    if (s.provider == provider) return &s;
  }
  return nullptr;
}

// Names that are no model ids: size classes, regional price rows, tests.
bool is_model_id(std::string_view kind, std::string_view model) {
  if (model.empty() || model.find_first_of("\t\n\r\";[]\\*") != std::string_view::npos) return false;
  if (kind == "together") return !model.starts_with("together-ai-");
  if (kind == "bedrock" || kind == "azure") return model.find('/') == std::string_view::npos;
  return true;
}

int64_t tokens(const Json& entry, const char* name) {
  const auto it = entry.find(name);
  if (it == entry.end() || !it->is_number()) return -1;
  const double value = it->get<double>();
  return value > 0 && value < 1e12 ? static_cast<int64_t>(value) : -1;
}

// USD per token to pico-dollars. A double holds every price of up to 15 digits, so that rounding restores it.
int64_t pico(const Json& entry, const std::string& name) {
  const auto it = entry.find(name);
  if (it == entry.end() || !it->is_number()) return -1;
  const double value = it->get<double>() * 1e12;
  return value >= 0 && value < 1e15 ? std::llround(value) : -1;
}

// "yes", "no" or nothing about one fact, as a letter.
void flag(std::string& flags, const Json& entry, const char* name, char letter, bool absent_is_no) {
  const auto it = entry.find(name);
  const bool said = it != entry.end() && it->is_boolean();
  if (said && it->get<bool>()) {
    flags += letter;
  } else if (said || absent_is_no) {
    flags += static_cast<char>(letter - 32);
  }
}

std::string flags_of(const Json& entry, std::string_view mode) {
  std::string flags;
  if (mode == "embedding") return "e";
  if (mode == "rerank") return "k";
  flags += mode == "responses" ? 'o' : 'c';
  // An entry that lists what its model can do lists vision and audio too.
  const bool lists =
      entry.contains("supports_function_calling") || entry.contains("supports_response_schema");
  flag(flags, entry, "supports_vision", 'v', lists);
  flag(flags, entry, "supports_audio_input", 'a', lists);
  flag(flags, entry, "supports_function_calling", 't', false);
  flag(flags, entry, "supports_parallel_function_calling", 'p', false);
  flag(flags, entry, "supports_response_schema", 's', false);
  flag(flags, entry, "supports_reasoning", 'r', false);
  return flags;
}

Numbers numbers_of(const Json& e, std::string_view mode) {
  Numbers n;
  n.fill(-1);
  auto set = [&](Column c, int64_t value) { n[static_cast<size_t>(c)] = value; };
  set(Column::context, tokens(e, "max_input_tokens"));
  if (mode != "embedding" && mode != "rerank") set(Column::max_output, tokens(e, "max_output_tokens"));
  set(Column::dimensions, tokens(e, "output_vector_size"));
  set(Column::input, pico(e, "input_cost_per_token"));
  set(Column::output, pico(e, "output_cost_per_token"));
  set(Column::cached_input, pico(e, "cache_read_input_token_cost"));
  set(Column::cache_write, pico(e, "cache_creation_input_token_cost"));
  set(Column::reasoning, pico(e, "output_cost_per_reasoning_token"));
  if (mode == "rerank" && pico(e, "input_cost_per_query") > 0)
    set(Column::search, pico(e, "input_cost_per_query"));
  set(Column::batch_input, pico(e, "input_cost_per_token_batches"));
  set(Column::batch_output, pico(e, "output_cost_per_token_batches"));
  for (const auto& [suffix, from] :
       {std::pair("_above_100k_tokens", 100'000), std::pair("_above_128k_tokens", 128'000),
        std::pair("_above_200k_tokens", 200'000), std::pair("_above_256k_tokens", 256'000),
        std::pair("_above_272k_tokens", 272'000), std::pair("_above_512k_tokens", 512'000)}) {
    const int64_t input = pico(e, std::string("input_cost_per_token") + suffix);
    if (input < 0) continue;
    set(Column::long_from, from);
    set(Column::long_input, input);
    set(Column::long_output, pico(e, std::string("output_cost_per_token") + suffix));
    set(Column::long_cached, pico(e, std::string("cache_read_input_token_cost") + suffix));
    set(Column::long_write, pico(e, std::string("cache_creation_input_token_cost") + suffix));
    break;
  }
  return n;
}

}  // namespace

Result<std::vector<ModelRow>> import_litellm(std::string_view json_text) {
  const Json root = Json::parse(json_text, nullptr, false);
  if (root.is_discarded() || !root.is_object()) {
    return fail(
        ErrorClass::bad_request,
        "the price list is not a JSON object; expected litellm's model_prices_and_context_window.json");
  }

  std::vector<ModelRow> rows;
  for (const auto& [name, entry] : root.items()) {
    if (!entry.is_object()) continue;
    const auto text = [&](const char* field) {
      const auto it = entry.find(field);
      return it != entry.end() && it->is_string() ? it->get<std::string>() : std::string();
    };
    const std::string mode = text("mode");
    const Source* source = source_of(text("litellm_provider"));
    if (source == nullptr ||
        (mode != "chat" && mode != "responses" && mode != "embedding" && mode != "rerank"))
      continue;

    ModelRow row;
    row.kind = source->kind;
    row.model = name;
    if (name.starts_with(source->prefix)) row.model.erase(0, source->prefix.size());
    if (!is_model_id(row.kind, row.model)) continue;
    row.group = canonical_model(row.model);
    row.flags = flags_of(entry, mode);
    row.numbers = numbers_of(entry, mode);
    auto number = [&](Column c) -> int64_t& { return row.numbers[static_cast<size_t>(c)]; };
    // The list says 0 for what it does not know as well as for what is free: under a budget the first must
    // not pass for the second.
    if (number(Column::input) == 0 && number(Column::output) <= 0) {
      number(Column::input) = number(Column::output) = -1;
    }
    if (number(Column::input) < 0 && number(Column::context) < 0) continue;  // says nothing
    rows.push_back(std::move(row));
  }
  if (rows.empty()) {
    return fail(ErrorClass::bad_request,
                "the price list names no chat or embedding model of a known provider");
  }
  // Names with and without their prefix may be listed both: the fuller entry holds.
  std::ranges::stable_sort(rows, {}, [](const ModelRow& r) {
    return std::tuple(std::string_view(r.kind), std::string_view(r.model), -static_cast<int>(r.flags.size()));
  });
  const auto [first, last] = std::ranges::unique(
      rows, [](const ModelRow& a, const ModelRow& b) { return a.kind == b.kind && a.model == b.model; });
  rows.erase(first, last);
  return rows;
}

}  // namespace llmgw::providers
