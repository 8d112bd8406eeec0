#include "plugins/governance/governance.h"

#include "base/glob.h"
#include "dialects/token_estimate.h"
#include "plugins/governance/key_book.h"
#include "plugins/governance/spending.h"

namespace llmgw::plugins {
namespace {

Limiter::Account account_of(const config::VirtualKey& key) {
  return {"key " + key.name, "the virtual key '" + key.name + "'", *key.rate};
}

// What an attempt holds until its end.
struct Held {
  Spending spending;
  std::optional<Limiter::Taken> taken;
};

// The limits that a call of that target falls under, but for the key's own count of requests.
std::vector<Limiter::Account> accounts_of(const config::VirtualKey& key, const routing::Target& target) {
  std::vector<Limiter::Account> out;
  if (key.rate && key.rate->tokens) {
    out.push_back(account_of(key));
    out.back().rate.requests.reset();  // counted when the request came
  }
  if (const auto at = key.provider.find(target.provider()); at != key.provider.end() && at->second.rate) {
    out.push_back({"key " + key.name + " provider " + at->first,
                   "the virtual key '" + key.name + "' at the provider " + at->first, *at->second.rate});
  }
  for (const auto& [glob, limits] : key.model) {
    if (!limits.rate || !glob_match(glob, target.model)) continue;
    out.push_back({"key " + key.name + " model " + glob,
                   "the virtual key '" + key.name + "' for the models " + glob, *limits.rate});
  }
  return out;
}

// What a call will likely take of a window of tokens: its prompt by estimate, and its answer by the client's
// limit.
int64_t expected_tokens(const dialects::Request& request) {
  const int64_t prompt = request.doc ? dialects::estimate_tokens(request.doc->root()) : 0;
  return std::max<int64_t>(prompt + request.needs.max_output.value_or(0), 1);
}

}  // namespace

Verdict Governance::enter(const dialects::Request& request) {
  if (request.key == nullptr) return Pass{};
  const auto& key = *request.key;
  if (auto opened = limiter_.open(key.name, key.max_concurrency); !opened) return Refuse{opened.error()};
  if (!key.rate || !key.rate->requests) return Pass{};
  if (auto taken = limiter_.take({account_of(key)}, 1, 0, clock_.now()); !taken) {
    limiter_.close(key.name);
    return Refuse{taken.error()};
  }
  return Pass{};
}

void Governance::leave(const dialects::Request& request) {
  if (request.key != nullptr) limiter_.close(request.key->name);
}

Verdict Governance::before(Attempt& attempt) {
  const auto* key = attempt.request().key.get();
  if (key == nullptr) return Pass{};
  auto why = why_barred(*key, attempt.target.provider(), attempt.target.model);
  if (why.empty()) return Pass{};
  return Refuse{
      .error = {.error_class = ErrorClass::policy, .message = std::move(why), .code = "not_allowed"},
      .may_fall_back = true};
}

Verdict Governance::sending(Attempt& attempt) {
  // Money first: it may wait, and a rate that was taken cannot be given back.
  if (const auto book = budgets_ != nullptr ? budgets_->load() : nullptr) {
    Spending spending;
    auto verdict = spending.hold(book, attempt, clock_);
    if (!std::holds_alternative<Pass>(verdict)) return verdict;
    if (spending.book != nullptr) attempt.note<Held>(*this).spending = std::move(spending);
  }
  return take_rates(attempt);
}

void Governance::sent(Attempt& attempt) {
  if (const auto* held = attempt.find_note<Held>(*this)) held->spending.sent();
}

Verdict Governance::take_rates(Attempt& attempt) {
  const auto* key = attempt.request().key.get();
  if (key == nullptr) return Pass{};
  auto accounts = accounts_of(*key, attempt.target);
  if (accounts.empty()) return Pass{};
  const bool tokens = std::ranges::any_of(accounts, [](const auto& a) { return a.rate.tokens.has_value(); });
  Limiter::Taken taken{{}, tokens ? expected_tokens(attempt.request()) : 0, clock_.now()};
  if (auto took = limiter_.take(accounts, 1, taken.tokens, taken.at); !took)
    return Refuse{.error = took.error(), .may_fall_back = true};
  if (tokens) {
    taken.accounts = std::move(accounts);
    attempt.note<Held>(*this).taken = std::move(taken);
  }
  return Pass{};
}

Verdict Governance::after(Attempt& attempt, const Ending& ending) {
  const auto* held = attempt.find_note<Held>(*this);
  if (held == nullptr) return Pass{};
  held->spending.settle(attempt, ending);
  const auto& taken = held->taken;
  if (!taken) return Pass{};
  const auto& usage = attempt.record.usage;
  const bool counted = usage.input >= 0 || usage.output >= 0;
  const int64_t used = std::max<int64_t>(usage.input, 0) + std::max<int64_t>(usage.output, 0);
  // What nobody counted stays as it was expected; a call that failed took nothing but what its provider said.
  const bool answered = ending.failure == nullptr || ending.cut;
  limiter_.settle(*taken, counted ? used : answered ? taken->tokens : 0, clock_.now());
  return Pass{};
}

}  // namespace llmgw::plugins
