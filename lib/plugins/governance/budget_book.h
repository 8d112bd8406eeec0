#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "store/ledger.h"

namespace llmgw::plugins {

// A config's budgets, each with its account in the ledger. Immutable but for what it remembers of windows;
// shared by the requests that use it. Thread-safe.
class BudgetBook {
 public:
  // One budget, and what it is called: its account ("key checkout provider openai"), and for people ("the
  // virtual key 'checkout' at the provider openai").
  class Account {
   public:
    Account(std::string name, std::string shown, const config::Budget& budget)
        : name(std::move(name)), shown(std::move(shown)), budget(budget) {}

    const std::string name, shown;
    const config::Budget& budget;
    uint32_t id = 0;

    store::Window window(WallTime now) const;

   private:
    mutable std::mutex lock_;  // guards window_; a calendar is asked once a window
    mutable store::Window window_{};
  };

  // Opens the accounts: blocks. nullptr when the config has no budget. The ledger outlives the book. Errors:
  // the ledger's.
  static Result<std::shared_ptr<const BudgetBook>> make(std::shared_ptr<const config::Config> config,
                                                        store::Ledger& ledger);
  // Whether a config has any.
  static bool needed(const config::Config& config);

  // The accounts that a call pays from, at most Ledger::kMostLevels. `key` is the name of a virtual key;
  // empty: none.
  std::vector<const Account*> accounts(std::string_view key, std::string_view provider,
                                       std::string_view model) const;

  // All, in the config's order.
  const std::vector<std::unique_ptr<Account>>& all() const { return all_; }
  // A virtual key's own; nullptr: it has none.
  const Account* of_key(std::string_view key) const;

  store::Ledger& ledger() const { return ledger_; }
  store::Balance balance(const Account& account, WallTime now) const {
    return ledger_.balance(account.id, account.window(now));
  }

 private:
  struct Key {
    const Account* own = nullptr;
    std::map<std::string, const Account*, std::less<>> provider;
    std::vector<std::pair<std::string, const Account*>> model;  // by glob
    const Account *team = nullptr, *customer = nullptr;
  };

  BudgetBook(std::shared_ptr<const config::Config> config, store::Ledger& ledger);
  const Account* add(std::string name, std::string shown, const std::optional<config::Budget>& budget);
  void add_key(const config::VirtualKey& key);

  std::shared_ptr<const config::Config> config_;
  store::Ledger& ledger_;
  std::vector<std::unique_ptr<Account>> all_;
  std::map<std::string, const Account*, std::less<>> teams_, customers_;
  std::map<std::string, Key, std::less<>> keys_;
  const Account* total_ = nullptr;
};

}  // namespace llmgw::plugins
