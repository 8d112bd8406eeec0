#pragma once

#include "plugins/governance/limiter.h"
#include "plugins/plugin.h"

namespace llmgw::plugins {

// Holds each virtual key to its terms: which providers and models it may use, how many requests it may have
// open, how many requests and tokens it may take in a time, in all and at each provider and model (docs:
// [[virtual_keys]]). Requests without a virtual key pass.
class Governance final : public Plugin {
 public:
  // Outlives the plugin.
  explicit Governance(const Clock& clock) : clock_(clock) {}

  std::string_view name() const override { return "governance"; }
  // What counts a request once.
  Verdict enter(const dialects::Request&) override;
  void leave(const dialects::Request&) override;
  // What counts an attempt.
  Verdict before(Attempt&) override;
  Verdict sending(Attempt&) override;
  Verdict after(Attempt&, const Ending&) override;

 private:
  const Clock& clock_;
  Limiter limiter_;
};

}  // namespace llmgw::plugins
