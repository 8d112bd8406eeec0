#pragma once

#include <functional>

#include "plugins/plugin.h"

namespace llmgw::ask {

// Holds what one command spends to a limit (docs: --max-cost, "Money"): each call reserves its worst case
// before it is sent and is settled when it has ended. A call that does not fit is refused with class
// budget, so that a cheaper target of the chain may still answer. For one loop.
class CostLimit final : public plugins::Plugin {
 public:
  // What a call would cost; none: no price is known. From the provider, unless a test gives its own.
  using Price = std::function<std::optional<NanoUsd>(const routing::Target&, const observe::Usage&)>;

  // `spent` before, by earlier runs that the limit is meant to hold for too.
  CostLimit(NanoUsd limit, NanoUsd spent, Price price = {});

  std::string_view name() const override { return "max-cost"; }
  plugins::Verdict sending(plugins::Attempt&) override;
  plugins::Verdict after(plugins::Attempt&, const plugins::Ending&) override;

  NanoUsd spent() const { return spent_; }

 private:
  plugins::Verdict refuse(const plugins::Attempt&, std::string why) const;

  NanoUsd limit_, spent_, reserved_;
  Price price_;
};

// The most tokens that a call of `model` can be billed; output -1: nothing bounds it.
observe::Usage worst_case(const dialects::Request&, const providers::Provider&, std::string_view model);

}  // namespace llmgw::ask
