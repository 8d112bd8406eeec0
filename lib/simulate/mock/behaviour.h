#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "simulate/mock/fault.h"

namespace llmgw::simulate {

// What a model of the mock does.
struct Behaviour {
  enum class Says : uint8_t {
    echo,    // the last user text
    lorem,   // `tokens` of filler
    fixed,   // `tokens` bytes of filler, streamed in pieces of 1 KB
    json,    // an instance of the schema asked for
    tool,    // a call of the first tool offered
    refuse,  // a refusal
  };
  Says says = Says::echo;
  int64_t tokens = 0;    // lorem; bytes for fixed
  Duration latency{};    // before the first token
  Duration per_token{};  // between two of them; 0: all at once
  Fault fault;           // at every call
  bool flaky = false;    // a 500 at every second call
};

// The behaviour that a model's name stands for (docs: "The `mock` provider's models"): echo, lorem,
// lorem-N, lorem-N-R (N tokens at R a second), burst-N (N tokens at once), paced-N-MS (N tokens, MS
// milliseconds apart), fixed-BYTES, slow, hang, cut, first-error, html, malformed, empty, reset, redirect,
// fail-STATUS, flaky, json, tool, refuse; any of them with @DURATION behind it to be silent for that
// long first: "echo@60ms". None: there is no such model.
std::optional<Behaviour> parse_behaviour(std::string_view model);

// The names that stand for themselves, for lists of models.
const std::vector<std::string_view>& behaviour_names();

}  // namespace llmgw::simulate
