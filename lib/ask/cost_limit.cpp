#include "ask/cost_limit.h"

#include "observe/report.h"

namespace llmgw::ask {
namespace {

constexpr int64_t kImageTokens = 50'000;

}  // namespace

observe::Usage worst_case(const dialects::Request& request, const std::optional<int64_t>& model_max_output) {
  observe::Usage usage;
  // Text is counted raw: escapes only make it more. A message has a few tokens of its own.
  usage.input = request.needs.text_bytes;
  int64_t choices = 1;
  if (request.doc) {
    const auto body = request.doc->root();
    choices = std::max<int64_t>(body["n"].integer().value_or(1), 1);
    for (auto [_, message] : body["messages"].elements()) {
      usage.input += 16;
      for (auto [unused, part] : message["content"].elements()) {
        if (part["type"].says("image_url")) usage.input += kImageTokens;
        if (part["type"].says("input_audio"))
          usage.input += static_cast<int64_t>(part["input_audio"]["data"].raw().size());
      }
      usage.input += static_cast<int64_t>(message["tool_calls"].raw().size());
    }
    usage.input += static_cast<int64_t>(body["response_format"].raw().size());
  }
  const auto output = request.needs.max_output ? request.needs.max_output : model_max_output;
  if (output) usage.output = *output * choices;
  return usage;
}

CostLimit::CostLimit(NanoUsd limit, NanoUsd spent, Price price)
    : limit_(limit), spent_(spent), price_(std::move(price)) {
  if (!price_) {
    price_ = [](const routing::Target& target, const observe::Usage& usage) {
      return target.upstream->provider->cost(target.model, usage);
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
  const auto facts = attempt.target.upstream->provider->facts(attempt.target.model);
  auto usage = worst_case(attempt.request, facts.max_output);
  const bool bounded = usage.output >= 0;
  if (!bounded) usage.output = 0;
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
