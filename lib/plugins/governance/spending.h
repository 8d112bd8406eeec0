#pragma once

#include "plugins/governance/budget_book.h"
#include "plugins/plugin.h"

namespace llmgw::plugins {

// The money of one attempt: what is held of each budget before its call, and what it comes to (docs:
// budgets).
struct Spending {
  std::shared_ptr<const BudgetBook> book;  // nullptr: nothing is held
  store::Reservation held;
  int64_t input = 0;  // tokens of the prompt by estimate, for a bill without a count

  // Reserves the most that the call can cost on every level. May wait, and may limit the attempt's output.
  // Pass: it may go out. `clock` gives the wall time.
  Verdict hold(std::shared_ptr<const BudgetBook> budgets, Attempt& attempt, const Clock& clock);
  void sent() const;
  // Charges what it cost. Of several calls the first holds.
  void settle(const Attempt& attempt, const Ending& ending) const;
};

}  // namespace llmgw::plugins
