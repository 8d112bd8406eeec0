#include "plugins/governance/limiter.h"

#include "base/text.h"

namespace llmgw::plugins {
namespace {

std::unexpected<Error> refused(std::string message, std::string code, std::optional<Duration> wait) {
  return fail(Error{.error_class = ErrorClass::budget,
                    .status = 429,
                    .message = std::move(message),
                    .code = std::move(code),
                    .retry_after = wait});
}

std::unexpected<Error> spent(const Limiter::Account& account, std::string_view what, int64_t limit,
                             Duration wait) {
  return refused(account.shown + " has used its " + std::to_string(limit) + " " + std::string(what) + " in " +
                     seconds_text(account.rate.per) + "; there is room again in " + seconds_text(wait),
                 "rate_limit_exceeded", wait);
}

}  // namespace

Result<void> Limiter::open(const std::string& key, int most) {
  const std::lock_guard guard(lock_);
  int& open = open_[key];
  if (most > 0 && open >= most) {
    return refused("the virtual key '" + key + "' has " + std::to_string(open) +
                       " requests open, its max_concurrency; try again when one has ended",
                   "concurrency_exceeded", 1s);
  }
  ++open;
  return {};
}

void Limiter::close(const std::string& key) {
  const std::lock_guard guard(lock_);
  const auto open = open_.find(key);
  if (open != open_.end() && --open->second == 0) open_.erase(open);
}

Result<void> Limiter::take(const std::vector<Account>& accounts, int64_t requests, int64_t tokens,
                           TimePoint now) {
  const std::lock_guard guard(lock_);
  for (size_t i = 0; i < accounts.size(); ++i) {
    const auto& [name, shown, rate] = accounts[i];
    auto& windows = windows_[name];
    std::optional<Duration> wait;
    const bool of_requests = rate.requests && requests > 0;
    if (of_requests) wait = windows.requests.take(requests, *rate.requests, rate.per, now);
    std::string_view what = "requests";
    if (!wait && rate.tokens && tokens > 0) {
      wait = windows.tokens.take(tokens, *rate.tokens, rate.per, now);
      what = "tokens";
      if (wait && of_requests) windows.requests.correct(-requests, now, rate.per, now);
    }
    if (!wait) continue;
    for (size_t k = 0; k < i; ++k) {
      auto& taken = windows_[accounts[k].name];
      const auto& other = accounts[k].rate;
      if (other.requests && requests > 0) taken.requests.correct(-requests, now, other.per, now);
      if (other.tokens && tokens > 0)
        taken.tokens.correct(-std::min(tokens, *other.tokens), now, other.per, now);
    }
    return spent(accounts[i], what, what == "tokens" ? *rate.tokens : *rate.requests, *wait);
  }
  return {};
}

void Limiter::settle(const Taken& taken, int64_t tokens, TimePoint now) {
  const std::lock_guard guard(lock_);
  for (const auto& [name, shown, rate] : taken.accounts) {
    if (!rate.tokens) continue;
    windows_[name].tokens.correct(tokens - std::min(taken.tokens, *rate.tokens), taken.at, rate.per, now);
  }
}

}  // namespace llmgw::plugins
