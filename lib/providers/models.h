#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "providers/price.h"

namespace llmgw::providers {

// What is known of a model at one kind of provider. A yes-or-no fact that is absent is unknown: nothing is
// skipped for it.
struct ModelFacts {
  std::string_view kind, model;
  std::string_view group;  // canonical_model(): the same model at other providers
  // Tokens that a prompt and an answer may have; floats of an embedding.
  std::optional<int64_t> context, max_output, dimensions;
  bool chat = false;
  bool responses_only = false;  // answers on /responses, not on /chat/completions
  bool embedding = false;
  bool rerank = false;
  std::optional<bool> vision, audio, tools, parallel_tools, json_schema, reasoning;
  Price price;
};

// The numbers of a row of the data file, in the order of its columns; -1: unknown.
enum class Column : uint8_t {
  context,
  max_output,
  dimensions,
  input,
  output,
  cached_input,
  cache_write,
  reasoning,
  batch_input,
  batch_output,
  long_from,
  long_input,
  long_output,
  long_cached,
  long_write,
  search,  // absent in a row: unknown
};
inline constexpr size_t kColumns = 16;
using Numbers = std::array<int64_t, kColumns>;

// A row of the data file as facts. `flags`: c chat, o /responses only, e embedding, k rerank; v vision, a
// audio, t tools, p parallel tools, s JSON schema, r reasoning, in capitals when the model has it not.
constexpr ModelFacts model_facts(std::string_view kind, std::string_view model, std::string_view group,
                                 std::string_view flags, const Numbers& n) {
  auto number = [&](Column c) { return n[static_cast<size_t>(c)]; };
  auto price = [&](Column c) {
    return number(c) < 0 ? std::optional<PicoUsd>() : std::optional(PicoUsd{number(c)});
  };
  ModelFacts f;
  f.kind = kind;
  f.model = model;
  f.group = group;
  auto count = [&](Column c) { return number(c) < 0 ? std::optional<int64_t>() : std::optional(number(c)); };
  f.context = count(Column::context);
  f.max_output = count(Column::max_output);
  f.dimensions = count(Column::dimensions);
  f.price.rates = {price(Column::input), price(Column::output), price(Column::cached_input),
                   price(Column::cache_write), price(Column::reasoning)};
  f.price.batch_input = price(Column::batch_input);
  f.price.batch_output = price(Column::batch_output);
  f.price.long_from = number(Column::long_from) < 0 ? 0 : number(Column::long_from);
  f.price.search = price(Column::search);
  f.price.long_rates.input = price(Column::long_input);
  f.price.long_rates.output = price(Column::long_output);
  f.price.long_rates.cached_input = price(Column::long_cached);
  f.price.long_rates.cache_write = price(Column::long_write);
  for (char c : flags) {
    switch (c) {
      case 'c': f.chat = true; break;
      case 'o': f.responses_only = true; break;
      case 'e': f.embedding = true; break;
      case 'k': f.rerank = true; break;
      case 'v': f.vision = true; break;
      case 'V': f.vision = false; break;
      case 'a': f.audio = true; break;
      case 'A': f.audio = false; break;
      case 't': f.tools = true; break;
      case 'T': f.tools = false; break;
      case 'p': f.parallel_tools = true; break;
      case 'P': f.parallel_tools = false; break;
      case 's': f.json_schema = true; break;
      case 'S': f.json_schema = false; break;
      case 'r': f.reasoning = true; break;
      case 'R': f.reasoning = false; break;
      default: break;
    }
  }
  return f;
}

// The facts compiled in, sorted by kind and model, and what they were taken from.
std::span<const ModelFacts> built_in_models();
std::string_view built_in_source();

// The compiled-in facts of a model at that kind of provider; null when there are none. O(log n).
const ModelFacts* facts(std::string_view kind, std::string_view model);

// A model's row with strings of its own: what an import gives, and the data file holds.
struct ModelRow {
  std::string kind, model, group, flags;
  Numbers numbers{};

  ModelFacts facts() const { return model_facts(kind, model, group, flags, numbers); }
};

// Facts that a user imported; they come before the compiled-in ones. Immutable once made.
class ModelTable {
 public:
  // Of two rows for one model the last holds.
  explicit ModelTable(std::vector<ModelRow> rows);

  const ModelFacts* find(std::string_view kind, std::string_view model) const;
  std::span<const ModelFacts> all() const { return facts_; }

 private:
  std::vector<ModelRow> rows_;  // owns what facts_ views; sorted
  std::vector<ModelFacts> facts_;
};

// Reads litellm's model_prices_and_context_window.json: chat, embedding and rerank models of the catalog's
// kinds, sorted; others are left out. Prices become exact pico-dollars. Fails with what is wrong.
Result<std::vector<ModelRow>> import_litellm(std::string_view json_text);

// The data file's format: a line a model, tab-separated: kind, model, group, flags, then the columns, "-" for
// unknown;
// '#' begins a comment line. What to_text() writes from_text() reads; it names a bad line by its number.
std::string to_text(std::span<const ModelRow> rows, std::string_view comment);
Result<std::vector<ModelRow>> from_text(std::string_view text);

}  // namespace llmgw::providers
