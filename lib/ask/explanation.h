#pragma once

#include <string>
#include <vector>

#include "observe/table.h"
#include "routing/topology.h"
#include "store/rests.h"

namespace llmgw::ask {

// What would become of a request that is not sent.
struct Explanation {
  struct Key {
    std::string name;
    double share = 0;   // of the calls, while none rests
    std::string rests;  // "for 12 s (rate_limit)"; empty: it is awake
  };
  struct Step {
    std::string target;
    std::string skipped;  // why it would be passed over; empty: it would be called, in its turn
    std::vector<Key> keys;
    bool keyless = false;
    int max_concurrency = 0, retries = 0;
    std::optional<int64_t> context;
    std::optional<NanoUsd> ceiling;  // the worst case's cost; none: not known, or nothing bounds the output
  };

  std::string model, route;  // asked for; the route it names
  std::vector<Step> steps;   // in the order in which they would be tried
  routing::ChainPolicy policy;
};

// Errors: as Topology::chain. `rests` may be null: then none is known.
Result<Explanation> explain(const routing::Topology&, const dialects::Request&, const store::Rests* rests,
                            WallTime now, Random&);

std::string explanation_page(const Explanation&, const observe::Look&);
std::string explanation_json(const Explanation&);

}  // namespace llmgw::ask
