#pragma once

#include <optional>

#include "base/money.h"
#include "config/config.h"
#include "observe/record.h"

namespace llmgw::providers {

// Pico-dollars a token; what is absent is unknown.
struct Rates {
  std::optional<PicoUsd> input, output;
  std::optional<PicoUsd> cached_input;  // read from the provider's prompt cache; absent: as input
  std::optional<PicoUsd> cache_write;   // absent: as input
  std::optional<PicoUsd> reasoning;     // absent: as output

  friend bool operator==(const Rates&, const Rates&) = default;
};

// What a model's tokens cost at one provider.
struct Price {
  Rates rates;
  // Some models charge another rate for the whole request once its prompt is longer than `long_from` tokens;
  // 0: none does. What is absent in `long_rates` is as in `rates`.
  int64_t long_from = 0;
  Rates long_rates;
  std::optional<PicoUsd> batch_input, batch_output;
  // Of one search, where a rerank is billed by them; its tokens are free then.
  std::optional<PicoUsd> search;

  // The rates that hold for a prompt of so many tokens.
  Rates at(int64_t input_tokens) const;
  // Whether a cost can be told at all.
  bool known() const { return rates.input.has_value() && rates.output.has_value(); }

  friend bool operator==(const Price&, const Price&) = default;
};

// Costs nothing, whatever it counts: local servers, the mock.
Price free_of_charge();

// A config's price, USD per million tokens already turned into pico-dollars.
Price from_config(const config::Price&);

// What a call cost: exact in pico-dollars, the sum rounded up to nano-dollars. None when a rate that is
// needed is unknown or the provider did not count. Saturates instead of overflowing. Cached and written
// tokens are part of the input and reasoning of the output, however a provider counts; more of them than the
// whole counts as the whole.
std::optional<NanoUsd> cost(const Price&, const observe::Usage&);

// The most that so many tokens can cost, whatever is written to the provider's cache or thought of them.
std::optional<NanoUsd> highest_cost(const Price&, const observe::Usage&);

}  // namespace llmgw::providers
