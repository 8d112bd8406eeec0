#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "config/problem.h"
#include "simulate/mock/behaviour.h"

namespace llmgw::simulate {

// How long something takes: always the same, or log-normal by its median and sigma (of the logarithm).
struct Latency {
  Duration fixed{};
  Duration median{};  // above 0: log-normal
  double sigma = 0;

  Duration draw(Random&) const;
};

// A name of the scenario's and what answers under it.
struct MockedModel {
  std::string glob;         // "gpt-4o*"
  std::string as = "echo";  // a name of behaviour.h
  std::optional<Latency> latency;
  std::optional<double> rate;  // tokens a second
};

// The share of all requests that goes wrong in one way.
struct FaultShare {
  Fault fault;
  double share = 0;
};

// Requests that all go wrong: by the time since the mock's start, or by their index from 0.
struct Outage {
  std::optional<Duration> from, to;                     // [from, to)
  std::optional<std::pair<int64_t, int64_t>> requests;  // [first, last)
  Fault fault{Fault::Kind::status, 503};
  std::vector<std::string> models, keys;  // globs, and key values; empty: all
  std::optional<Duration> retry_after;
};

// What one API key may do.
struct KeyRule {
  std::string value;                        // "*": every key without a rule of its own
  std::optional<Fault> refused;             // always
  std::optional<int64_t> requests, tokens;  // per window
  Duration per = 60s;
};

// What `llmgw mock SCENARIO.toml` reads. All of it is optional:
//
//   seed = 7                       # the same seed and order of requests give the same faults
//   latency = "60ms"               # or { median = "400ms", sigma = 0.5 }: before the first token
//   rate = 50                      # tokens a second, where the model sets none
//   unknown_models = "echo"        # what an unknown model does; absent: 404
//   [models."gpt-4o*"]             # a name, with * and ?
//   as = "lorem-100-50"            # one of the mock's own models
//   latency = { median = "300ms", sigma = 0.3 }
//   rate = 80
//   [errors]                       # shares of all requests, by status, by error class, or by deed
//   429 = 0.02
//   server_error = 0.01
//   hang = 0.001
//   [[outages]]
//   from = "10s"                   # since the start
//   to = "20s"
//   fault = "503"
//   models = ["gpt-4o*"]
//   retry_after = "5s"
//   [[outages]]
//   requests = [100, 200]          # the 101st to the 200th
//   fault = "reset"
//   [keys."sk-small"]
//   requests = 60                  # per window; replies carry x-ratelimit-* and Retry-After
//   tokens = 10000
//   per = "1m"
//   [keys."sk-revoked"]
//   refuse = "401"
struct Scenario {
  std::optional<uint64_t> seed;
  Latency latency;
  std::optional<double> rate;
  std::string unknown_models;
  std::vector<MockedModel> models;  // in the file's order; the first that matches
  std::vector<FaultShare> errors;
  std::vector<Outage> outages;
  std::vector<KeyRule> keys;
};

struct LoadedScenario {
  std::shared_ptr<const Scenario> scenario;  // null when there is a problem
  std::vector<config::Problem> problems;
};

// Reads a scenario's TOML. Never throws.
LoadedScenario parse_scenario(std::string_view text);
// From a file. Errors: bad_request, whose message has each problem as `file:line:column: message` on a line
// of its own.
Result<std::shared_ptr<const Scenario>> load_scenario(const std::string& path);

}  // namespace llmgw::simulate
