#pragma once

#include <atomic>

#include "plugins/governance/budget_book.h"
#include "plugins/governance/limiter.h"
#include "plugins/plugin.h"

namespace llmgw::plugins {

// Holds each virtual key to its terms: which providers and models it may use, how many requests it may have
// open, how many requests and tokens it may take in a time, in all and at each provider and model, and what
// it may spend (docs: [[virtual_keys]]). Requests without a virtual key pass, but for the budget of all.
class Governance final : public Plugin {
 public:
  // The budgets in force; nullptr in it: there are none. A reload puts another book in.
  using Budgets = std::atomic<std::shared_ptr<const BudgetBook>>;

  // Both outlive the plugin. Without `budgets` there are none.
  explicit Governance(const Clock& clock, const Budgets* budgets = nullptr)
      : clock_(clock), budgets_(budgets) {}

  std::string_view name() const override { return "governance"; }
  // What counts a request once.
  Verdict enter(const dialects::Request&) override;
  void leave(const dialects::Request&) override;
  // What counts an attempt.
  Verdict before(Attempt&) override;
  Verdict sending(Attempt&) override;
  void sent(Attempt&) override;
  Verdict after(Attempt&, const Ending&) override;

 private:
  Verdict take_rates(Attempt&);

  const Clock& clock_;
  const Budgets* budgets_;
  Limiter limiter_;
};

}  // namespace llmgw::plugins
