#include "ask/cost_limit.h"

#include <doctest/doctest.h>

using namespace llmgw;
using namespace llmgw::ask;

namespace {

// A request, and a target whose tokens cost a thousand nano-dollars each way.
struct Scene {
  config::Config config;
  routing::State state;
  std::shared_ptr<const routing::Topology> topology;
  dialects::Request request;
  routing::Target target;
  std::vector<std::unique_ptr<observe::AttemptRecord>> records;

  explicit Scene(std::string_view body) {
    config.providers.push_back({.name = "a", .kind = "openai", .base_url = "http://127.0.0.1:1/v1"});
    topology = *routing::Topology::make(std::make_shared<config::Config>(config), state);
    target = {topology->upstream("a"), "m", nullptr};
    request.dialect = dialects::Dialect::openai_chat;
    request.body = body;
    REQUIRE(dialects::codec(request.dialect)->decode_request(request));
  }

  static std::optional<NanoUsd> price(const routing::Target&, const observe::Usage& usage) {
    return NanoUsd{1000 * (usage.input + usage.output)};
  }

  plugins::Attempt attempt() {
    records.push_back(std::make_unique<observe::AttemptRecord>());
    return {request, target, *records.back(), 0};
  }
};

bool refused(const plugins::Verdict& verdict) {
  return std::holds_alternative<plugins::Refuse>(verdict);
}

// Its bytes, and at most 100 tokens out.
constexpr std::string_view kBody =
    R"({"model":"a/m","max_tokens":100,"messages":[{"role":"user","content":"1234567"}]})";
constexpr int64_t kWorst = 1000 * (static_cast<int64_t>(kBody.size()) + 100);

}  // namespace

TEST_CASE("a call is refused when its worst case does not fit what is left") {
  Scene scene(kBody);
  CostLimit enough({kWorst}, {}, Scene::price);
  auto a = scene.attempt();
  CHECK(!refused(enough.sending(a)));
  CostLimit short_by_one({kWorst - 1}, {}, Scene::price);
  auto b = scene.attempt();
  const auto verdict = short_by_one.sending(b);
  REQUIRE(refused(verdict));
  CHECK(std::get<plugins::Refuse>(verdict).error.error_class == ErrorClass::budget);
  CHECK(std::get<plugins::Refuse>(verdict).may_fall_back);
  CostLimit spent_before({kWorst + 10}, {11}, Scene::price);
  auto c = scene.attempt();
  CHECK(refused(spent_before.sending(c)));
}

TEST_CASE("what runs is reserved, and settled with what it really cost") {
  Scene scene(kBody);
  CostLimit limit({2 * kWorst - 1}, {}, Scene::price);
  auto first = scene.attempt(), second = scene.attempt();
  REQUIRE(!refused(limit.sending(first)));
  CHECK(refused(limit.sending(second)));
  scene.records[0]->usage = {.input = 5, .output = 5};
  scene.records[0]->cost = {10'000};
  limit.after(first, {});
  CHECK(limit.spent().value == 10'000);
  CHECK(!refused(limit.sending(second)));
}

TEST_CASE("an answer that nobody counted costs its worst case, a failed call what it says") {
  Scene scene(kBody);
  CostLimit limit({10 * kWorst}, {}, Scene::price);
  auto uncounted = scene.attempt(), failed = scene.attempt(), cut = scene.attempt();
  for (auto* attempt : {&uncounted, &failed, &cut}) REQUIRE(!refused(limit.sending(*attempt)));
  limit.after(uncounted, {});
  CHECK(limit.spent().value == kWorst);
  const plugins::Failure failure{};
  limit.after(failed, {.failure = &failure});
  CHECK(limit.spent().value == kWorst);
  limit.after(cut, {.failure = &failure, .cut = true});
  CHECK(limit.spent().value == 2 * kWorst);
}

TEST_CASE("an unknown price and an unbounded output are refused and say so") {
  Scene scene(kBody);
  CostLimit unpriced({kWorst}, {}, [](const auto&, const auto&) { return std::optional<NanoUsd>(); });
  auto a = scene.attempt();
  CHECK(std::get<plugins::Refuse>(unpriced.sending(a)).error.message.find("its price is not known") !=
        std::string::npos);
  Scene endless(R"({"model":"a/m","messages":[{"role":"user","content":"x"}]})");
  CostLimit limit({kWorst}, {}, Scene::price);
  auto b = endless.attempt();
  CHECK(std::get<plugins::Refuse>(limit.sending(b)).error.message.find("max_completion_tokens") !=
        std::string::npos);
  CostLimit free({1}, {}, [](const auto&, const auto&) { return std::optional(NanoUsd{}); });
  auto c = endless.attempt();
  CHECK(!refused(free.sending(c)));
}

TEST_CASE("images, audio and choices count in the worst case") {
  Scene scene(
      R"({"model":"a/m","n":3,"max_tokens":10,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}},)"
      R"({"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}]})");
  const auto usage = worst_case(scene.request, *scene.target.upstream->provider, "m");
  CHECK(usage.output == 30);
  CHECK(usage.input >= 50'000 + 6);
}
