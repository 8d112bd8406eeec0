// Random budgets, clients that ask at once, stream, leave, fall back and race; upstreams that answer, fail,
// hang and cut. In each world, of one seed: no budget is overspent by a nano-dollar, every reservation is
// settled, and every level says the same of what was spent. LLMGW_SEED=N runs one alone.
#include <doctest/doctest.h>

#include "plugins/governance/governance.h"
#include "store/memory_ledger.h"
#include "tests/engine/world.h"
#include "tests/random_cases.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

constexpr std::string_view kProviders = R"(
retries = { max = 1, backoff = "10ms" }
timeouts = { first_token = "3s", idle = "2s", total = "5s" }
models."m" = { max_output = 3000 }
prices = { "m" = { input = 3.7, output = 11.3 } }
)";

// Calls that never cost more than their bound.
SimulatedCall drawn(Random& random, const SeenCall& call) {
  const auto body = json::Doc::parse(call.body);
  const int64_t limit = body->root()["max_completion_tokens"].integer().value_or(
      body->root()["max_tokens"].integer().value_or(3000));
  const auto head = Duration(1ms) * static_cast<int64_t>(random.below(1500));
  switch (random.below(8)) {
    case 0: return simulate::fails(call, simulate::parse_fault("500").value(), std::nullopt, head);
    case 1: return simulate::fails(call, simulate::parse_fault("429").value(), 1s, head);
    case 2: return simulate::fails(call, simulate::parse_fault("hang").value(), std::nullopt, head);
    case 3: return simulate::refuses_connection();
    default: break;
  }
  if (body->root()["stream"].boolean().value_or(false)) {
    Manner manner{.text = std::string(4 * random.below(static_cast<uint64_t>(limit / 4) + 1) + 4, 'x'),
                  .head = head,
                  .per_piece = 1ms};
    if (random.below(3) == 0) manner.cut_after = 1 + random.below(20);
    return answers(call, manner);
  }
  const auto input = 1 + random.below(call.body.size());
  const auto output = 1 + random.below(static_cast<uint64_t>(limit));
  return simulate::says(
      "application/json",
      R"({"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":)" +
          std::to_string(input) + ",\"completion_tokens\":" + std::to_string(output) + "}}",
      head);
}

struct Story {
  int answered = 0, refused = 0;
};

Story run(uint64_t seed) {
  Random random(seed);
  auto usd = [&](uint64_t most) {
    return std::to_string(0.001 * static_cast<double>(1 + random.below(most)));
  };
  TestWorld world(
      providers_toml({"a", "b"}, 1, kProviders) +
          "\n[fallback]\nslow_after = \"1s\"\n[budget]\nusd = " + usd(400) +
          "\nper = \"month\"\n[[virtual_keys]]\nname = \"k\"\nvalue = \"vk\"\nbudget = { usd = " + usd(400) +
          ", per = \"day\" }\nprovider.a = { budget = { usd = " + usd(200) + ", per = \"1d\" } }\n",
      seed);
  store::MemoryLedger ledger;
  plugins::Governance::Budgets budgets;
  budgets = plugins::BudgetBook::make(world.topology->held_config(), ledger).value();
  world.plugins.push_back(std::make_unique<plugins::Governance>(world.fibers, &budgets));
  for (const auto* provider : {"a", "b"})
    world.when(provider, {[&](const SeenCall& call) { return drawn(random, call); }});
  std::vector<const Got*> got;
  for (int i = 0; i < 40; ++i) {
    Ask ask{.stream = random.below(2) == 0, .more = R"(,"fallbacks":["b/m"])", .virtual_key = "vk"};
    if (random.below(2) == 0) ask.more += ",\"max_tokens\":" + std::to_string(1 + random.below(3000));
    ask.at = Duration(1ms) * static_cast<int64_t>(random.below(6000));
    if (random.below(4) == 0) ask.leaves_after = Duration(1ms) * static_cast<int64_t>(random.below(3000));
    if (random.below(4) == 0) ask.timeout = Duration(1ms) * static_cast<int64_t>(1 + random.below(4000));
    got.push_back(&world.start(ask));
  }
  world.run();
  CHECK(world.fibers.live() == 0);
  CHECK(ledger.counts().open == 0);
  CHECK(ledger.counts().overruns == 0);
  std::map<std::string, int64_t> spent;
  for (const auto& account : budgets.load()->all()) {
    CAPTURE(account->name);
    const auto balance = budgets.load()->balance(*account, world.fibers.wall());
    CHECK(balance.reserved.value == 0);
    CHECK(balance.spent <= account->budget.limit);
    spent[account->name] = balance.spent.value;
  }
  CHECK(spent["all"] == spent["key k"]);
  CHECK(spent["key k provider a"] <= spent["key k"]);
  Story story;
  for (const auto* g : got) {
    story.answered += g->status == 200 ? 1 : 0;
    story.refused += g->status == 402 ? 1 : 0;
  }
  return story;
}

}  // namespace

TEST_CASE(
    "no budget is overspent by a nano-dollar, and every reservation is settled, in every random world") {
  if (const auto one = one_seed()) {
    run(*one);
    return;
  }
  const uint64_t cases = random_cases(20'000) / 50;
  Story all;
  for (uint64_t seed = 1; seed <= cases; ++seed) {
    CAPTURE(seed);
    const Story story = run(seed);
    all.answered += story.answered;
    all.refused += story.refused;
  }
  // The worlds are neither empty nor without scarcity.
  CHECK(all.answered > static_cast<int>(cases));
  CHECK(all.refused > static_cast<int>(cases));
}
