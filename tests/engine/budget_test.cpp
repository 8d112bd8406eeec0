// docs: budgets, "Money". What calls hold of budgets, what they are charged, and what is refused.
#include <doctest/doctest.h>

#include "plugins/governance/governance.h"
#include "store/memory_ledger.h"
#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

// Of target a/m and b/m a token of output costs a dollar, one of input nothing; of a/in and b/in a token of
// input does.
constexpr std::string_view kPrices = R"(
retries = { max = 0 }
models."m" = { max_output = 100000 }
prices = { "m" = { input = 0, output = 1000000 }, "in" = { input = 1000000, output = 0 } }
)";

std::string key(const std::string& terms) {
  return "[[virtual_keys]]\nname = \"k\"\nvalue = \"vk\"\n" + terms;
}

// A world with a ledger.
struct Budgeted : TestWorld {
  explicit Budgeted(const std::string& terms, std::string_view providers = kPrices)
      : TestWorld(providers_toml({"a", "b"}, 1, providers) + "\n" + terms) {
    budgets = plugins::BudgetBook::make(topology->held_config(), ledger).value();
    plugins.push_back(std::make_unique<plugins::Governance>(fibers, &budgets));
  }

  store::Balance balance(std::string_view account) const {
    const auto book = budgets.load();
    for (const auto& one : book->all()) {
      if (one->name == account) return book->balance(*one, fibers.wall());
    }
    FAIL("no account " << account);
    return {};
  }
  double spent(std::string_view account) const { return to_usd(balance(account).spent); }

  store::MemoryLedger ledger;
  plugins::Governance::Budgets budgets;
};

// A whole reply with that usage.
TestWorld::Script used(int input, int output) {
  return raw(
      "application/json",
      R"({"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":)" +
          std::to_string(input) + R"(,"completion_tokens":)" + std::to_string(output) + "}}");
}
TestWorld::Script uncounted() {
  return raw(
      "application/json",
      R"({"choices":[{"message":{"role":"assistant","content":"one two three"},"finish_reason":"stop"}]})");
}

Ask asks(std::string more = R"(,"max_tokens":10)", std::string model = "a/m") {
  return {.model = std::move(model), .more = std::move(more), .virtual_key = "vk"};
}

}  // namespace

TEST_CASE("a call holds the most that it can cost, and is charged what it used, on every level") {
  Budgeted world(key(R"(team = "t"
budget = { usd = 100, per = "day" }
provider.a = { budget = { usd = 50, per = "1d" } }
model."m*" = { budget = { usd = 60, per = "week" } }
[[teams]]
name = "t"
customer = "c"
budget = { usd = 200, per = "month" }
[[customers]]
name = "c"
budget = { usd = 300, per = "month", zone = "UTC" }
[budget]
usd = 400
per = "month"
)"));
  int64_t held = 0;
  world.when("a", {[&](const SeenCall& call) {
               held = world.balance("key k").reserved.value;
               return used(5, 7)(call);
             }});
  CHECK(world.ask(asks()).status == 200);
  CHECK(held == 10'000'000'000);
  for (const auto* account : {"key k", "key k provider a", "key k model m*", "team t", "customer c", "all"}) {
    CAPTURE(account);
    CHECK(world.spent(account) == 7);
    CHECK(world.balance(account).reserved.value == 0);
  }
}

TEST_CASE("five hundred at once spend a budget for fifty whole, and no more") {
  Budgeted world(key("budget = { usd = 500, per = \"1d\" }"));
  world.when("a", {used(1, 10)});
  std::vector<const Got*> got;
  for (int i = 0; i < 500; ++i) got.push_back(&world.start(asks()));
  world.run();
  size_t answered = 0, refused = 0;
  for (const auto* g : got) {
    answered += g->status == 200 ? 1 : 0;
    refused += g->status == 402 ? 1 : 0;
  }
  CHECK(answered == 50);
  CHECK(refused == 450);
  CHECK(world.spent("key k") == 500);
  CHECK(world.count("a") == 50);
  CHECK(world.ledger.counts().open == 0);
}

TEST_CASE("a spent budget is a 402 that names the level, the limit, what was spent and when it resets") {
  Budgeted world(key("budget = { usd = 15, per = \"day\" }"));
  world.when("a", {used(1, 10)});
  CHECK(world.ask(asks()).status == 200);
  const Got refused = world.ask(asks());
  CHECK(refused.status == 402);
  CHECK(refused.has("the budget of the virtual key 'k', $15.00 per day, is spent: $10.00 of it"));
  CHECK(refused.has("this call may cost up to $10.00; it resets at 2026-01-02T00:00:00.000Z"));
  CHECK(world.records.back().error_class == ErrorClass::budget);
  CHECK(world.ask(asks(R"(,"max_tokens":5)")).status == 200);
  world.rest(24h);
  CHECK(world.ask(asks()).status == 200);
}

TEST_CASE("what is spent at one provider falls back to the next") {
  Budgeted world(key("provider.a = { budget = { usd = 10, per = \"1d\" } }"));
  world.when("a", {used(1, 10)});
  world.when("b", {used(1, 10)});
  for (int i = 0; i < 3; ++i) CHECK(world.ask(asks(R"(,"max_tokens":10,"fallbacks":["b/m"])")).status == 200);
  CHECK(world.calls() == "a:k1 b:k1 b:k1");
}

TEST_CASE("the budget of all holds for who comes without a virtual key") {
  Budgeted world("[budget]\nusd = 10\nper = \"1d\"\n");
  world.when("a", {used(1, 10)});
  CHECK(world.ask({.more = R"(,"max_tokens":10)"}).status == 200);
  CHECK(world.ask({.more = R"(,"max_tokens":10)"}).status == 402);
}

TEST_CASE("who is kept out by others' reservations alone waits for them, for a second") {
  Budgeted world(key("budget = { usd = 10, per = \"1d\" }"));
  auto slow = [](Duration head) {
    return [head](const SeenCall& call) {
      auto made = used(1, 2)(call);
      made = simulate::says(
          "application/json",
          R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
          head);
      return made;
    };
  };
  world.when("a", {slow(500ms), slow(5s)});
  const Got& first = world.start(asks());
  Ask later = asks(R"(,"max_tokens":8)");
  later.at = 100ms;
  const Got& second = world.start(later);
  Ask last = asks(R"(,"max_tokens":6)");
  last.at = 1s;
  const Got& third = world.start(last);
  world.run();
  CHECK(first.status == 200);
  CHECK(second.status == 200);  // when the first had used 2 of its 10
  CHECK(third.status == 402);
  CHECK(third.has("reserved by calls under way"));
  CHECK(third.took >= 1s);
  CHECK(third.took < 1100ms);
}

TEST_CASE("a model without a price is refused under a budget, with what to add, or let pass uncounted") {
  const std::string budget = "budget = { usd = 10, per = \"1d\" }\n";
  Budgeted strict(key(budget));
  const Got refused = strict.ask(asks(R"(,"max_tokens":1)", "a/new"));
  CHECK(refused.status == 402);
  CHECK(refused.has(R"(add [providers.a.prices.\"new\"] with input = and output =)"));
  Budgeted lenient(key(budget + "unpriced = \"allow\""));
  CHECK(lenient.ask(asks(R"(,"max_tokens":1)", "a/new")).status == 200);
  CHECK(lenient.spent("key k") == 0);
}

TEST_CASE(
    "an answer without a limit gets one that fits, in the words of any dialect, and the client is told") {
  struct Case {
    std::string kind, field;
  };
  for (const Case& c : {Case{"openai", "max_completion_tokens"}, Case{"anthropic", "max_tokens"},
                        Case{"gemini", "maxOutputTokens"}}) {
    CAPTURE(c.kind);
    Budgeted world("[providers.x]\nkind = \"" + c.kind + "\"\nbase_url = \"http://x.test/v1\"\n" +
                   std::string(kPrices) + "[[providers.x.keys]]\nname = \"k1\"\nvalue = \"sk-x-k1\"\n" +
                   key("budget = { usd = 2000, per = \"1d\" }"));
    std::string sent;
    int64_t held = 0;
    world.when("x", {[&](const SeenCall& call) {
                 sent = call.body;
                 held = world.balance("key k").reserved.value;
                 return used(1, 1)(call);
               }});
    const Got got = world.ask(asks("", "x/m"));
    CHECK(sent.find("\"" + c.field + "\":2000") != std::string::npos);
    CHECK(held == 2'000'000'000'000);
    if (c.kind == "openai") CHECK(got.has("max_tokens_clamped"));
  }
  // Less than 1,024 tokens is no answer.
  Budgeted poor(key("budget = { usd = 1000, per = \"1d\" }"));
  CHECK(poor.ask(asks("")).status == 402);
  // The client's own limit is not touched.
  Budgeted strict(key("budget = { usd = 2000, per = \"1d\" }"));
  CHECK(strict.ask(asks(R"(,"max_tokens":3000)")).status == 402);
}

TEST_CASE("nothing bounds a model of which nobody knows how much it says, but a limit that we set") {
  Budgeted world(key("budget = { usd = 5000, per = \"1d\" }"),
                 "retries = { max = 0 }\nprices = { \"*\" = { input = 0, output = 1000000 } }\n");
  std::string sent;
  world.when("a", {[&](const SeenCall& call) {
               sent = call.body;
               return used(1, 1)(call);
             }});
  CHECK(world.ask(asks("", "a/unknown")).status == 200);
  CHECK(sent.find("\"max_completion_tokens\":4096") != std::string::npos);
}

TEST_CASE("a failed call costs nothing, an answer without a count what its text counts") {
  Budgeted world(key("budget = { usd = 1000, per = \"1d\" }"));
  world.when("a", {fault("500"), fault("reset"), uncounted()});
  CHECK(world.ask(asks()).status == 500);
  (void)world.ask(asks());
  CHECK(world.spent("key k") == 0);
  CHECK(world.ask(asks()).status == 200);
  CHECK(world.spent("key k") >= 3);
  CHECK(world.spent("key k") <= 10);
  CHECK(world.balance("key k").reserved.value == 0);
}

TEST_CASE("a stream that is cut, or whose client leaves, is charged its prompt and what came of it") {
  const Manner cut{.text = std::string(400, 'x'), .per_piece = 10ms, .cut_after = 30};
  {
    Budgeted world(key("budget = { usd = 1000, per = \"1d\" }"));
    world.when("a", {ok(cut)});
    Ask ask = asks(R"(,"max_tokens":500)");
    ask.stream = true;
    (void)world.ask(ask);
    CHECK(world.records.back().cut);
    CHECK(world.spent("key k") == 40);  // 30 pieces of 4 bytes, 3 to the token
  }
  for (const auto& [model, least, most] : {std::tuple{"a/m", 1.0, 134.0}, std::tuple{"a/in", 1.0, 20.0}}) {
    CAPTURE(model);
    Budgeted world(key("budget = { usd = 1000, per = \"1d\" }"));
    world.when("a", {ok({.text = std::string(400, 'x'), .per_piece = 100ms})});
    Ask ask = asks(R"(,"max_tokens":500)", model);
    ask.stream = true;
    ask.leaves_after = 2s;
    const Got got = world.ask(ask);
    CHECK(got.aborted);
    CHECK(world.spent("key k") >= least);
    CHECK(world.spent("key k") <= most);
    CHECK(world.ledger.counts().open == 0);
  }
}

TEST_CASE("usage above the bound is charged, and counted as an overrun") {
  Budgeted world(key("budget = { usd = 100, per = \"1d\" }"));
  world.when("a", {used(1, 200)});
  CHECK(world.ask(asks()).status == 200);
  CHECK(world.spent("key k") == 200);
  CHECK(world.ledger.counts().overruns == 1);
  CHECK(world.ask(asks()).status == 402);
}

TEST_CASE("a reload keeps what was spent, by the names") {
  Budgeted world(key("budget = { usd = 10, per = \"1d\" }"));
  world.when("a", {used(1, 8)});
  CHECK(world.ask(asks()).status == 200);
  auto changed = std::make_shared<config::Config>(*world.topology->held_config());
  changed->virtual_keys.front().budget->limit = {20'000'000'000};
  world.budgets = plugins::BudgetBook::make(changed, world.ledger).value();
  CHECK(world.spent("key k") == 8);
  CHECK(world.ask(asks()).status == 200);
  CHECK(world.ask(asks()).status == 402);
}

TEST_CASE("every attempt pays for itself: retries, fallbacks and both calls of a race are settled once") {
  Budgeted world(key("budget = { usd = 1000, per = \"1d\" }\n") + "[fallback]\nslow_after = \"1s\"\n",
                 R"(
retries = { max = 2, backoff = "10ms" }
prices = { "*" = { input = 0, output = 1000000 } }
)");
  world.when("a", {fault("500"), fault("hang")});
  world.when("b", {used(1, 5)});
  CHECK(world.ask(asks(R"(,"max_tokens":10,"fallbacks":["b/m"])")).status == 200);
  CHECK(world.spent("key k") == 5);
  CHECK(world.ledger.counts().open == 0);
}
