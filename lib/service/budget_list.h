#pragma once

#include <string>

#include "plugins/governance/budget_book.h"

namespace llmgw::service {

// What /api/keys and /api/budgets say, as JSON. `book` may be nullptr: there are no budgets.

// The config's virtual keys, each with its own budget; never a value.
std::string key_list(const config::Config& config, const plugins::BudgetBook* book, WallTime now);
// Every budget: [{"level": "key checkout", "usd", "per", "spent_usd", "reserved_usd", "resets_at"}].
std::string budget_list(const plugins::BudgetBook* book, WallTime now);

}  // namespace llmgw::service
