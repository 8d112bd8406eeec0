#include "plugins/governance/budget_book.h"

#include <algorithm>

#include "base/glob.h"
#include "plugins/governance/budget_window.h"

namespace llmgw::plugins {
namespace {

bool any_budget(const std::map<std::string, config::Limits>& limits) {
  return std::ranges::any_of(limits, [](const auto& l) { return l.second.budget.has_value(); });
}

}  // namespace

store::Window BudgetBook::Account::window(WallTime now) const {
  const std::lock_guard guard(lock_);
  if (now < window_.begin || now >= window_.end) window_ = window_of(budget, now);
  return window_;
}

bool BudgetBook::needed(const config::Config& config) {
  auto has = [](const auto& of) { return of.budget.has_value(); };
  return config.budget || std::ranges::any_of(config.teams, has) ||
         std::ranges::any_of(config.customers, has) ||
         std::ranges::any_of(config.virtual_keys, [&](const config::VirtualKey& key) {
           return key.budget || any_budget(key.provider) || any_budget(key.model);
         });
}

BudgetBook::BudgetBook(std::shared_ptr<const config::Config> config, store::Ledger& ledger)
    : config_(std::move(config)), ledger_(ledger) {
  for (const auto& key : config_->virtual_keys) add_key(key);
  for (const auto& team : config_->teams)
    teams_[team.name] = add("team " + team.name, "the team '" + team.name + "'", team.budget);
  for (const auto& customer : config_->customers) {
    customers_[customer.name] =
        add("customer " + customer.name, "the customer '" + customer.name + "'", customer.budget);
  }
  total_ = add("all", "all requests", config_->budget);
  for (const auto& key : config_->virtual_keys) {
    const auto team = std::ranges::find(config_->teams, key.team, &config::Team::name);
    if (team == config_->teams.end()) continue;
    Key& entry = keys_[key.name];
    entry.team = teams_[team->name];
    if (!team->customer.empty()) entry.customer = customers_[team->customer];
  }
}

const BudgetBook::Account* BudgetBook::add(std::string name, std::string shown,
                                           const std::optional<config::Budget>& budget) {
  if (!budget) return nullptr;
  return all_.emplace_back(std::make_unique<Account>(std::move(name), std::move(shown), *budget)).get();
}

void BudgetBook::add_key(const config::VirtualKey& key) {
  Key& entry = keys_[key.name];
  const std::string name = "key " + key.name, shown = "the virtual key '" + key.name + "'";
  entry.own = add(name, shown, key.budget);
  for (const auto& [provider, limits] : key.provider) {
    if (const auto* at =
            add(name + " provider " + provider, shown + " at the provider " + provider, limits.budget))
      entry.provider.emplace(provider, at);
  }
  for (const auto& [glob, limits] : key.model) {
    if (const auto* of = add(name + " model " + glob, shown + " for the models " + glob, limits.budget))
      entry.model.emplace_back(glob, of);
  }
}

Result<std::shared_ptr<const BudgetBook>> BudgetBook::make(std::shared_ptr<const config::Config> config,
                                                           store::Ledger& ledger) {
  std::shared_ptr<BudgetBook> book(new BudgetBook(std::move(config), ledger));
  std::vector<std::string> names;
  for (const auto& account : book->all_) names.push_back(account->name);
  const auto ids = ledger.accounts(names);
  if (!ids) return fail(ids.error());
  for (size_t i = 0; i < ids->size(); ++i) book->all_[i]->id = (*ids)[i];
  // A zone is read from the disk when it is first asked for: now.
  for (const auto& account : book->all_) (void)account->window(WallTime{});
  return book;
}

std::vector<const BudgetBook::Account*> BudgetBook::accounts(std::string_view key, std::string_view provider,
                                                             std::string_view model) const {
  std::vector<const Account*> out;
  auto pays = [&](const Account* account) {
    if (account != nullptr) out.push_back(account);
  };
  if (const auto found = keys_.find(key); !key.empty() && found != keys_.end()) {
    const Key& entry = found->second;
    if (const auto at = entry.provider.find(provider); at != entry.provider.end()) pays(at->second);
    for (const auto& [glob, account] : entry.model) {
      if (glob_match(glob, model)) pays(account);
    }
    pays(entry.own);
    pays(entry.team);
    pays(entry.customer);
  }
  pays(total_);
  return out;
}

const BudgetBook::Account* BudgetBook::of_key(std::string_view key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? nullptr : found->second.own;
}

}  // namespace llmgw::plugins
