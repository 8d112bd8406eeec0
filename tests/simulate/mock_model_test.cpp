// The mock's models and scenarios: time, faults, limits.
#include <doctest/doctest.h>

#include <filesystem>

#include "config/problem.h"
#include "tests/simulate/mocked.h"

using namespace llmgw;
using namespace llmgw::simulate;

namespace {

net::Headers key(std::string_view value) {
  net::Headers headers;
  headers.add("Authorization", "Bearer " + std::string(value));
  return headers;
}

std::string statuses(Mocked& mock, int requests, std::string_view model = "echo") {
  std::string out;
  for (int i = 0; i < requests; ++i) out += std::to_string(mock.chat(model).status) + " ";
  return out;
}

}  // namespace

TEST_CASE("models take the time that their names say") {
  for (const auto& [model, head, took] :
       std::initializer_list<std::tuple<std::string_view, Duration, Duration>>{
           {"echo", 0s, 0s},
           {"lorem", 0s, 3980ms},
           {"slow", 10s, 10s},
           {"echo@60ms", 60ms, 60ms},
           {"burst-100", 0s, 0s},
           {"paced-5-10", 0s, 40ms},
           {"lorem-10-100", 0s, 90ms},
           {"lorem-10-100@1s", 1s, 1090ms}}) {
    CAPTURE(model);
    Mocked mock;
    const auto got = mock.chat(model, R"(,"stream":true)");
    CHECK(got.head == head);
    CHECK(got.took == took);
    CHECK(events(got.body).back() == "[DONE]");
  }
  Mocked mock;
  CHECK(mock.chat("fixed-100000").json().root()["choices"].at(0)["message"]["content"].text().size() ==
        100'000);
  CHECK(mock.chat("lorem-200-100").json().root()["usage"]["completion_tokens"].integer() == 200);
  CHECK(events(mock.chat("burst-100", R"(,"stream":true)").body).size() == 103);
}

TEST_CASE("models fail as their names say") {
  Mocked mock;
  CHECK(mock.chat("hang").error == "timeout");
  CHECK(mock.chat("reset").error == "network");
  const auto cut = mock.chat("cut", R"(,"stream":true)");
  CHECK(cut.status == 200);
  CHECK(cut.error == "network");
  CHECK(events(cut.body).size() == 21);
  CHECK_FALSE(cut.has("[DONE]"));
  CHECK(mock.chat("cut").error == "network");
  const auto first = mock.chat("first-error", R"(,"stream":true)");
  CHECK(first.status == 200);
  CHECK(events(first.body).front().starts_with(R"({"error":{)"));
  CHECK(mock.chat("html").headers.get("content-type").starts_with("text/html"));
  CHECK(mock.chat("redirect").status == 307);
  Mocked flaky;
  CHECK(statuses(flaky, 4, "flaky") == "200 500 200 500 ");
}

TEST_CASE("names that stand for nothing are no models") {
  for (const std::string_view name :
       {"", "echo@", "echo@x", "lorem-", "lorem-x", "lorem-5-0", "lorem-5-x", "burst-5-5", "paced-5", "fail-",
        "fail-200", "fail-hang", "lorem--5", "fixed-1e9", "lorem-99999999999", "Echo"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_behaviour(name));
  }
}

TEST_CASE("a reader that leaves cancels the mock, a slow one holds it back") {
  Mocked mock;
  mock.fibers.spawn([&] {
    const std::string body = R"({"model":"hang","messages":[{"role":"user","content":"x"}]})";
    auto exchange =
        mock.transport.send({.endpoint = &mock.endpoint, .target = "/v1/chat/completions", .body = body});
    CHECK((*exchange)->head(after(mock.fibers.now(), 1s)).error().error_class == ErrorClass::timeout);
    CHECK(mock.fibers.live() == 2);
    exchange->reset();
    mock.fibers.yield();
    mock.fibers.yield();
    CHECK(mock.fibers.live() == 1);
  });
  mock.fibers.run();
  CHECK(mock.fibers.elapsed() == 1s);
  mock.fibers.spawn([&] {
    const std::string body = R"({"model":"fixed-1000000","messages":[{"role":"user","content":"x"}]})";
    auto exchange =
        mock.transport.send({.endpoint = &mock.endpoint, .target = "/v1/chat/completions", .body = body});
    CHECK((*exchange)->head(kNever));
    size_t total = 0;
    for (;;) {
      mock.fibers.sleep_until(after(mock.fibers.now(), 1s));
      const auto bytes = (*exchange)->read(kNever);
      CHECK(bytes->size() <= 64 << 10);
      total += bytes->size();
      if (bytes->empty()) break;
    }
    CHECK(total > 1'000'000);
  });
  mock.fibers.run();
}

TEST_CASE("a scenario's names, latencies and rates hold") {
  Mocked mock(R"(
latency = "30ms"
unknown_models = "echo"
[models."gpt-4o*"]
as = "lorem-10-10"
latency = "1s"
rate = 100
[models.broken]
as = "fail-503"
)");
  const auto named = mock.chat("gpt-4o-mini", R"(,"stream":true)");
  CHECK(named.head == 1s);
  CHECK(named.took == 1090ms);
  CHECK(named.has(R"("model":"gpt-4o-mini")"));
  CHECK(mock.chat("broken").status == 503);
  CHECK(mock.chat("anything").took == 30ms);
  CHECK(mock.call("/v1/models", "", {}, "GET").has("\"broken\""));
}

TEST_CASE("log-normal latencies have their median") {
  const Latency latency{.median = 400ms, .sigma = 0.5};
  Random random(7);
  std::vector<Duration> drawn;
  for (int i = 0; i < 2001; ++i) drawn.push_back(latency.draw(random));
  std::ranges::sort(drawn);
  CHECK(to_seconds(drawn[1000]) == doctest::Approx(0.4).epsilon(0.05));
  CHECK(to_seconds(drawn[1900]) > 0.8);
}

TEST_CASE("faults come by share, the same for the same seed and order") {
  const std::string scenario = "seed = 7\n[errors]\n429 = 0.2\nserver_error = 0.3\n";
  Mocked first(scenario), again(scenario, 99), other("seed = 8\n" + scenario.substr(9));
  const auto seen = statuses(first, 400);
  CHECK(seen == statuses(again, 400));
  CHECK(seen != statuses(other, 400));
  size_t limited = 0, broken = 0;
  for (size_t at = 0; at < seen.size(); at += 4) {
    limited += seen.substr(at, 3) == "429" ? 1 : 0;
    broken += seen.substr(at, 3) == "500" ? 1 : 0;
  }
  CHECK(static_cast<double>(limited) / 400 == doctest::Approx(0.2).epsilon(0.3));
  CHECK(static_cast<double>(broken) / 400 == doctest::Approx(0.3).epsilon(0.3));
}

TEST_CASE("outages come by index and by time, for some models or keys") {
  Mocked mock(R"(
[[outages]]
requests = [1, 3]
fault = "503"
retry_after = "5s"
[[outages]]
from = "10s"
to = "20s"
fault = "overloaded"
models = ["ec*"]
keys = ["sk-a"]
)");
  CHECK(statuses(mock, 4) == "200 503 503 200 ");
  mock.fibers.spawn([&] { mock.fibers.sleep_until(after(mock.fibers.now(), 12s)); });
  mock.fibers.run();
  CHECK(mock.chat("echo", "", key("sk-a")).status == 503);
  CHECK(mock.chat("echo", "", key("sk-b")).status == 200);
  CHECK(mock.chat("json", "", key("sk-a")).status == 200);
  mock.fibers.spawn([&] { mock.fibers.sleep_until(after(mock.fibers.now(), 8s)); });
  mock.fibers.run();
  CHECK(mock.chat("echo", "", key("sk-a")).status == 200);
}

TEST_CASE("a key has its limits, told in headers, and may be refused") {
  Mocked mock(R"(
[keys.sk-small]
requests = 2
per = "10s"
[keys.sk-revoked]
refuse = "401"
)");
  const auto first = mock.chat("echo", "", key("sk-small"));
  CHECK(first.headers.get("x-ratelimit-limit-requests") == "2");
  CHECK(first.headers.get("x-ratelimit-remaining-requests") == "1");
  CHECK(mock.chat("echo", "", key("sk-small")).status == 200);
  const auto over = mock.chat("echo", "", key("sk-small"));
  CHECK(over.status == 429);
  CHECK(over.headers.get("Retry-After") == "10");
  CHECK(mock.chat("echo", "", key("sk-other")).status == 200);
  CHECK(mock.chat("echo", "", key("sk-revoked")).json().root()["error"]["code"].says("invalid_api_key"));
  mock.fibers.spawn([&] { mock.fibers.sleep_until(after(mock.fibers.now(), 10s)); });
  mock.fibers.run();
  CHECK(mock.chat("echo", "", key("sk-small")).status == 200);
}

TEST_CASE("what is wrong with a scenario is said with its place") {
  for (const auto& [text, message] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"sed = 1", "s.toml:1:1: unknown key 'sed'; did you mean 'seed'?"},
           {"latency = 5", "s.toml:1:11: latency: expected a duration"},
           {"latency = { sigma = 1 }", "'median' is missing"},
           {"[models.x]\nas = \"nothing\"", "s.toml:2:6: models.x.as: the mock has no model 'nothing'"},
           {"[errors]\n418 = 0.1", "s.toml:2:1: errors.418: there is no such fault"},
           {"[errors]\n429 = 0.7\n500 = 0.7", "add up to more than 1"},
           {"[[outages]]\nfault = \"boom\"", "s.toml:2:9: outages[0].fault: 'boom' is no fault"},
           {"[[outages]]\nrequests = [5, 5]", "must be larger"},
           {"[[outages]]\nfrom = \"5s\"\nto = \"1s\"", "must be later than 'from'"},
           {"seed = ", "s.toml:1:"}}) {
    CAPTURE(text);
    const auto loaded = parse_scenario(text);
    REQUIRE(loaded.scenario == nullptr);
    std::string all;
    for (const auto& problem : loaded.problems) all += config::format(problem, "s.toml") + "\n";
    CHECK_MESSAGE(all.find(message) != std::string::npos, all);
  }
  CHECK_FALSE(load_scenario("/nonexistent/s.toml"));
}

TEST_CASE("the ready scenarios load, and do what they say") {
  int loaded = 0;
  for (const auto& entry : std::filesystem::directory_iterator("configs/mock")) {
    CAPTURE(entry.path().string());
    const auto scenario = load_scenario(entry.path().string());
    CHECK_MESSAGE(scenario, scenario.error().message);
    ++loaded;
  }
  CHECK(loaded >= 1);
  const auto outage = load_scenario("configs/mock/outage.toml");
  REQUIRE(outage);
  REQUIRE((*outage)->outages.size() == 2);
  CHECK((*outage)->outages[0].to == 120s);
  CHECK((*outage)->keys.size() == 2);
}
