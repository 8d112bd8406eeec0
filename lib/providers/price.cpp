#include "providers/price.h"

#include <algorithm>
#include <limits>

namespace llmgw::providers {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// sum += tokens * rate, saturating.
void add(int64_t& sum, int64_t tokens, PicoUsd rate) {
  int64_t product = 0;
  if (__builtin_mul_overflow(tokens, rate.value, &product) || __builtin_add_overflow(sum, product, &sum)) {
    sum = kMax;
  }
}

// How many of `whole` a part is; -1, not said, is none.
int64_t part(int64_t tokens, int64_t whole) {
  return std::clamp<int64_t>(tokens, 0, whole);
}

NanoUsd rounded_up(int64_t pico) {
  return NanoUsd{pico / 1000 + (pico % 1000 != 0 ? 1 : 0)};
}

}  // namespace

Rates Price::at(int64_t input_tokens) const {
  if (long_from <= 0 || input_tokens <= long_from) return rates;
  Rates r = rates;
  if (long_rates.input) r.input = long_rates.input;
  if (long_rates.output) r.output = long_rates.output;
  if (long_rates.cached_input) r.cached_input = long_rates.cached_input;
  if (long_rates.cache_write) r.cache_write = long_rates.cache_write;
  // Reasoning tokens are output: the longer prompt's rate is never below it.
  if (long_rates.output && r.reasoning) r.reasoning = std::max(*r.reasoning, *long_rates.output);
  return r;
}

Price free_of_charge() {
  Price p;
  p.rates.input = p.rates.output = PicoUsd{0};
  p.batch_input = p.batch_output = p.search = PicoUsd{0};
  return p;
}

Price from_config(const config::Price& c) {
  Price p;
  p.rates = {c.input, c.output, c.cached_input, c.cache_write, c.reasoning};
  p.batch_input = c.batch_input;
  p.batch_output = c.batch_output;
  p.search = c.search;
  return p;
}

std::optional<NanoUsd> cost(const Price& price, const observe::Usage& usage) {
  int64_t pico = 0;
  if (usage.searches >= 0 && price.search) {
    add(pico, usage.searches, *price.search);
    return rounded_up(pico);
  }
  if (usage.input < 0) return std::nullopt;
  const Rates r = price.at(usage.input);
  if (!r.input) return std::nullopt;

  const int64_t cached = part(usage.cached_input, usage.input);
  const int64_t written = part(usage.cache_written, usage.input - cached);
  add(pico, usage.input - cached - written, *r.input);
  add(pico, cached, r.cached_input.value_or(*r.input));
  add(pico, written, r.cache_write.value_or(*r.input));

  // Embeddings have no output: a provider that counts none owes none.
  const int64_t output = std::max<int64_t>(usage.output, 0);
  if (usage.output < 0 && r.output && r.output->value > 0) return std::nullopt;
  if (output > 0) {
    if (!r.output) return std::nullopt;
    const int64_t reasoning = part(usage.reasoning, output);
    add(pico, output - reasoning, *r.output);
    add(pico, reasoning, r.reasoning.value_or(*r.output));
  }
  return rounded_up(pico);
}

std::optional<NanoUsd> highest_cost(const Price& price, const observe::Usage& usage) {
  observe::Usage most = usage;
  const Rates r = price.at(usage.input);
  if (r.cache_write > r.input) most.cache_written = usage.input;
  if (r.reasoning > r.output) most.reasoning = usage.output;
  return cost(price, most);
}

}  // namespace llmgw::providers
