#include "ask/cost_limit.h"

#include "dialects/token_bound.h"
#include "observe/report.h"

namespace llmgw::ask {

observe::Usage worst_case(const dialects::Request& request, const providers::Provider& provider,
                          std::string_view model) {
  const auto facts = provider.facts(model);
  const auto wire = provider.wire(request.dialect, model).value_or(request.dialect);
  const auto bound = dialects::token_bound(request, facts.context, facts.max_output, wire != request.dialect);
  return {.input = bound.input.value_or(-1), .output = bound.output.value_or(-1), .searches = bound.searches};
}

CostLimit::CostLimit(NanoUsd limit, NanoUsd spent, Price price)
    : limit_(limit), spent_(spent), price_(std::move(price)) {
  if (!price_) {
    price_ = [](const routing::Target& target, const observe::Usage& usage) {
      return providers::highest_cost(target.upstream->provider->price(target.model), usage);
    };
  }
}

plugins::Verdict CostLimit::refuse(const plugins::Attempt& attempt, std::string why) const {
  return plugins::Refuse{
      .error = {.error_class = ErrorClass::budget,
                .message = "--max-cost refused " + attempt.target.name() + ": " + std::move(why),
                .code = "max_cost"},
      .may_fall_back = true};
}

plugins::Verdict CostLimit::sending(plugins::Attempt& attempt) {
  auto usage = worst_case(attempt.request(), *attempt.target.upstream->provider, attempt.target.model);
  const bool bounded = usage.output >= 0;
  usage.output = std::max<int64_t>(usage.output, 0);
  const auto cost = price_(attempt.target, usage);
  if (!cost)
    return refuse(attempt,
                  "its price is not known; set [providers." + attempt.target.provider() + ".prices]");
  if (!bounded && price_(attempt.target, {.input = 0, .output = 1'000'000}).value_or(NanoUsd{1}).value != 0) {
    return refuse(attempt, "nothing bounds its output; add -o max_completion_tokens=N");
  }
  const NanoUsd left = limit_ - spent_ - reserved_;
  if (*cost > left) {
    return refuse(attempt, "the worst case is " + observe::shown(*cost) + " and " +
                               observe::shown(std::max(left, NanoUsd{})) + " of " + observe::shown(limit_) +
                               " is left; lower -o max_completion_tokens=N or raise the limit");
  }
  attempt.note<NanoUsd>(*this) = *cost;
  reserved_ = reserved_ + *cost;
  return plugins::Pass{};
}

plugins::Verdict CostLimit::after(plugins::Attempt& attempt, const plugins::Ending& ending) {
  const auto* reserved = attempt.find_note<NanoUsd>(*this);
  if (reserved == nullptr) return plugins::Pass{};
  reserved_ = reserved_ - *reserved;
  // An answer whose tokens nobody counted is taken for the worst case; a call that failed costs what its
  // provider said.
  const bool counted = attempt.record.usage.input >= 0 || attempt.record.usage.output >= 0;
  const bool answered = ending.failure == nullptr || ending.cut;
  spent_ = spent_ + (counted || !answered ? attempt.record.cost : *reserved);
  return plugins::Pass{};
}

}  // namespace llmgw::ask
