#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "config/config.h"
#include "plugins/governance/rate_window.h"

namespace llmgw::plugins {

// What virtual keys have in use: requests that are open, requests and tokens of the time behind us. Lives
// outside the config, by the keys' names, and survives its reloads. Thread-safe.
class Limiter {
 public:
  // One of a key's limits, and what it counts: "the virtual key 'checkout'", "… at the provider openai".
  struct Account {
    std::string name;   // unique
    std::string shown;  // for the refusal
    config::Rate rate;
  };
  // Tokens taken from the accounts that bind them.
  struct Taken {
    std::vector<Account> accounts;
    int64_t tokens = 0;
    TimePoint at;
  };

  // One more open request of the key. Errors: budget, 429, when it has `most` open (0: any number).
  Result<void> open(const std::string& key, int most);
  void close(const std::string& key);

  // Takes a request from each account that limits requests, `tokens` from each that limits tokens: from all
  // of them, or none. Errors: budget, 429, naming the account and with the time until it fits.
  Result<void> take(const std::vector<Account>& accounts, int64_t requests, int64_t tokens, TimePoint now);
  // It has turned out how many tokens they were.
  void settle(const Taken&, int64_t tokens, TimePoint now);

 private:
  struct Windows {
    RateWindow requests, tokens;
  };

  std::mutex lock_;  // guards both
  std::unordered_map<std::string, int> open_;
  std::unordered_map<std::string, Windows> windows_;
};

}  // namespace llmgw::plugins
