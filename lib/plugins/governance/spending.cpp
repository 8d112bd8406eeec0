#include "plugins/governance/spending.h"

#include <algorithm>

#include "dialects/output_limit.h"
#include "dialects/token_bound.h"
#include "dialects/token_estimate.h"
#include "observe/report.h"
#include "observe/timestamp.h"

namespace llmgw::plugins {
namespace {

constexpr int64_t kLeastOutput = 1'024;    // tokens; less is not worth the prompt
constexpr int64_t kUnknownOutput = 4'096;  // the limit for a model of which nobody knows how much it says
constexpr int64_t kBytesPerToken = 3;      // of a stream's answer that nobody counted
constexpr Duration kStep = 10ms;           // between two looks whether others have settled

using Why = store::Shortage::Why;

std::optional<NanoUsd> most(const Attempt& attempt, int64_t input, int64_t output, int64_t searches) {
  return providers::highest_cost(attempt.target.upstream->provider->price(attempt.target.model),
                                 {.input = input, .output = output, .searches = searches});
}

Refuse refused(std::string message, std::string code, std::optional<Duration> wait = std::nullopt) {
  return {.error = {.error_class = ErrorClass::budget,
                    .status = 402,
                    .message = std::move(message),
                    .code = std::move(code),
                    .retry_after = wait},
          .may_fall_back = true};
}

Refuse unpriced(const Attempt& attempt) {
  const auto& target = attempt.target;
  return refused(
      "the price of " + target.name() + " is not known, and a budget holds for it; add [providers." +
          target.provider() + ".prices.\"" + target.model +
          "\"] with input = and output = in USD per million tokens, or unpriced = \"allow\" to its "
          "virtual key",
      "unpriced_model");
}

// What calls cost that no token counts: they run later, of a file.
bool costs_later(const dialects::Request& request) {
  return request.path.find("/batches") != std::string::npos ||
         request.path.find("/fine_tuning") != std::string::npos;
}

// Calls that cost nothing: looks, uploads, counting.
bool is_free(const dialects::Request& request) {
  if (dialects::counted(request.dialect) != request.dialect) return true;
  if (request.dialect != dialects::Dialect::openai_other || request.websocket) return false;
  return request.method != "POST" || (request.model.empty() && !costs_later(request));
}

// The wish of one attempt, and what it turns out to get.
class Wish {
 public:
  Wish(Attempt& attempt, std::shared_ptr<const BudgetBook> book, const Clock& clock,
       std::vector<const BudgetBook::Account*> accounts)
      : attempt_(attempt), book_(std::move(book)), clock_(clock), accounts_(std::move(accounts)) {
    const auto& request = attempt.request();
    const auto& provider = *attempt.target.upstream->provider;
    const auto facts = provider.facts(attempt.target.model);
    const auto wire = provider.wire(request.dialect, attempt.target.model).value_or(request.dialect);
    bound_ = dialects::token_bound(request, facts.context, facts.max_output, wire != request.dialect);
    max_output_ = facts.max_output;
    limitable_ = !request.needs.max_output && request.doc && dialects::can_limit_output(wire);
  }

  // What it is, at the most; none: nobody can tell.
  std::optional<NanoUsd> bound() const {
    if (bound_.input && bound_.output) return cost(*bound_.output);
    // Free of charge, however long it gets.
    const auto free = most(attempt_, bound_.input.value_or(1'000'000), bound_.output.value_or(1'000'000), -1);
    return free == NanoUsd{} ? free : std::nullopt;
  }
  bool priced() const { return most(attempt_, 1, 1, bound_.searches).has_value(); }

  std::expected<store::Reservation, store::Shortage> reserve(NanoUsd amount) {
    const WallTime now = clock_.wall();
    levels_.clear();
    for (const auto* account : accounts_)
      levels_.push_back({account->id, account->budget.limit, account->window(now)});
    return book_->ledger().reserve(levels_, amount, now);
  }

  // The longest answer that `room` pays for; none: it would be shorter than is of use.
  std::optional<int64_t> output_for(NanoUsd room) const {
    if (!limitable_ || !bound_.input) return std::nullopt;
    const auto fits = [&](int64_t tokens) { return cost_of(tokens) <= room; };
    int64_t tokens = 0, too_many = max_output_.value_or(kUnknownOutput) + 1;
    if (!cost(0) || !fits(kLeastOutput)) return std::nullopt;
    while (too_many - tokens > 1) {
      const int64_t middle = tokens + (too_many - tokens) / 2;
      (fits(middle) ? tokens : too_many) = middle;
    }
    return tokens >= kLeastOutput ? std::optional(tokens) : std::nullopt;
  }
  NanoUsd cost_of(int64_t limit) const { return cost(limit * bound_.choices).value_or(NanoUsd{}); }
  bool limitable() const { return limitable_ && bound_.input; }

  Refuse refuse(const store::Shortage& shortage, std::optional<NanoUsd> asked) const {
    const auto& account = *accounts_[shortage.level];
    const WallTime now = clock_.wall();
    const auto window = levels_[shortage.level].window;
    std::string message = "the budget of " + account.shown + ", " + observe::shown(account.budget.limit) +
                          " per " + account.budget.per + ", is spent: " + observe::shown(shortage.spent) +
                          " of it";
    if (shortage.reserved.value > 0)
      message += ", and " + observe::shown(shortage.reserved) + " reserved by calls under way";
    if (asked) message += "; this call may cost up to " + observe::shown(*asked);
    message += "; it resets at " + observe::timestamp(window.end);
    const bool soon = shortage.why == Why::held;
    return refused(std::move(message), "budget_exceeded", soon ? Duration(1s) : window.end - now);
  }

 private:
  std::optional<NanoUsd> cost(int64_t output) const {
    return most(attempt_, *bound_.input, output, bound_.searches);
  }

  Attempt& attempt_;
  std::shared_ptr<const BudgetBook> book_;
  const Clock& clock_;
  std::vector<const BudgetBook::Account*> accounts_;
  std::vector<store::Level> levels_;
  dialects::TokenBound bound_;
  std::optional<int64_t> max_output_;
  bool limitable_ = false;
};

// Lets others run for a moment; false when there is no patience left.
bool wait(Attempt& attempt) {
  auto* patience = attempt.patience;
  if (patience == nullptr || patience->left <= Duration{}) return false;
  const TimePoint now = patience->fibers.now();
  if (now >= patience->deadline) return false;
  const Duration step = std::min(kStep, patience->left);
  patience->left -= step;
  return patience->fibers.sleep_until(std::min(after(now, step), patience->deadline)) != net::Wake::cancelled;
}

int64_t tokens_of(int64_t bytes) {
  return (bytes + kBytesPerToken - 1) / kBytesPerToken;
}

int64_t estimated_input(const dialects::Request& request) {
  return request.doc ? dialects::estimate_tokens(request.doc->root()) : tokens_of(request.needs.text_bytes);
}

// Of a whole reply whose provider did not count.
int64_t estimated_output(const Reply& reply) {
  const auto doc = json::Doc::parse(reply.body, {.allow_lone_surrogates = true});
  if (doc && !reply.body.empty()) return dialects::estimate_tokens(doc->root());
  int64_t bytes = 0;
  if (reply.answer) {
    for (const auto& choice : reply.answer->choices) {
      for (const auto& part : choice.parts) {
        if (const auto* text = part.get<dialects::Text>()) bytes += static_cast<int64_t>(text->text.size());
      }
    }
  }
  return tokens_of(bytes);
}

}  // namespace

Verdict Spending::hold(std::shared_ptr<const BudgetBook> budgets, Attempt& attempt, const Clock& clock) {
  const auto& request = attempt.request();
  if (is_free(request)) return Pass{};
  auto accounts = budgets->accounts(request.key != nullptr ? request.key->name : "",
                                    attempt.target.provider(), attempt.target.model);
  if (accounts.empty()) return Pass{};
  if (accounts.size() > store::Ledger::kMostLevels) accounts.resize(store::Ledger::kMostLevels);
  Wish wish(attempt, budgets, clock, std::move(accounts));
  const bool lenient = request.key != nullptr && request.key->unpriced == config::Unpriced::allow;
  if (!wish.priced() || (request.dialect == dialects::Dialect::openai_other && costs_later(request))) {
    if (lenient) return Pass{};
    return unpriced(attempt);
  }
  const auto bound = wish.bound();
  if (!bound && !wish.limitable()) {
    return refused(
        "nothing bounds what " + attempt.target.name() +
            " may cost, and a budget holds for it: send a limit of the answer's tokens, or set the "
            "model's context and max_output in [providers." +
            attempt.target.provider() + ".models]",
        "unbounded_cost");
  }
  // Without a bound: first for nothing, to learn what there is.
  NanoUsd amount = bound.value_or(NanoUsd{INT64_MAX / 4});
  for (;;) {
    auto got = wish.reserve(amount);
    if (got) {
      held = *got;
      break;
    }
    const auto& shortage = got.error();
    if (shortage.why == Why::full) {
      return Refuse{.error = {.error_class = ErrorClass::overloaded,
                              .status = 503,
                              .message = "the ledger has no place for another call; try again in a moment",
                              .code = "ledger_full",
                              .retry_after = 1s},
                    .may_fall_back = true};
    }
    if (const auto limit = wish.output_for(shortage.room)) {
      if (auto less = wish.reserve(wish.cost_of(*limit))) {
        attempt.output_limit = limit;
        held = *less;
        break;
      }
      continue;  // another was faster
    }
    const bool may_come_free = shortage.why == Why::held || (wish.limitable() && shortage.reserved.value > 0);
    if (!may_come_free || !wait(attempt)) return wish.refuse(shortage, bound);
  }
  book = std::move(budgets);
  if (request.stream || request.doc == std::nullopt) input = estimated_input(request);
  return Pass{};
}

void Spending::sent() const {
  if (book != nullptr) book->ledger().sent(held);
}

void Spending::settle(const Attempt& attempt, const Ending& ending) const {
  if (book == nullptr) return;
  auto& ledger = book->ledger();
  const auto& record = attempt.record;
  if (!record.sent) return ledger.release(held);
  observe::Usage usage = record.usage;
  const bool answered = ending.failure == nullptr;
  const bool broke = ending.cut || (!answered && ending.failure->error.error_class == ErrorClass::cancelled);
  if (answered || broke) {
    const auto& request = attempt.request();
    // Pictures, speech: there is no text to count.
    if (request.dialect == dialects::Dialect::openai_other && !request.websocket && usage.input < 0)
      return ledger.settle(held, held.amount);
    // A session's provider counts, or there was nothing.
    if (usage.input < 0) usage.input = request.websocket ? 0 : input > 0 ? input : estimated_input(request);
    if (usage.output < 0 && ending.reply != nullptr && dialects::has_output(request.dialect))
      usage.output = estimated_output(*ending.reply);
    // What a broken stream's provider counted may be of its begin.
    if (broke || record.usage.output < 0) usage.output = std::max(usage.output, tokens_of(record.text_bytes));
  }
  const auto& provider = *attempt.target.upstream->provider;
  ledger.settle(held, provider.cost(attempt.target.model, usage).value_or(NanoUsd{}));
}

}  // namespace llmgw::plugins
