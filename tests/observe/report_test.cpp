#include "observe/report.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "observe/stats_builder.h"
#include "observe/timestamp.h"
#include "tests/store/records.h"

using namespace llmgw;
using namespace llmgw::observe;

namespace {

const WallTime kStart = ManualClock{}.wall();

RequestRecord rescued() {
  Random random(1);
  auto r = rescued_record(random, kStart, ErrorClass::rate_limit);
  AttemptRecord skipped;
  skipped.provider = "groq";
  skipped.model = "llama-3.3-70b-versatile";
  skipped.skipped = "at rest for 3 s";
  r.attempts.insert(r.attempts.begin(), skipped);
  return r;
}

size_t longest_line(const std::string& text) {
  size_t longest = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    longest = std::max(longest, columns(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return longest;
}

}  // namespace

TEST_CASE("times, durations and money are shown so that people can read them") {
  CHECK(timestamp(kStart) == "2026-01-01T01:00:00.000Z");
  CHECK(timestamp(kStart + 36h + 61s + 7ms) == "2026-01-02T13:01:01.007Z");
  CHECK(timestamp(WallTime{}) == "1970-01-01T00:00:00.000Z");
  for (const auto& [d, text] : std::vector<std::pair<Duration, std::string>>{{4230us, "4.2 ms"},
                                                                             {412ms, "412 ms"},
                                                                             {3410ms, "3.41 s"},
                                                                             {125s, "2m 05s"},
                                                                             {2h + 3min, "2h 03m"},
                                                                             {0s, "0.0 ms"}}) {
    CHECK(shown(d) == text);
  }
  CHECK(shown(NanoUsd{0}) == "$0");
  CHECK(shown(NanoUsd{45'000}) == "$0.000045");
  CHECK(shown(NanoUsd{12'400'000'000}) == "$12.40");
}

TEST_CASE("a trail shows each target, what it said and what it cost") {
  const std::string text = trail_table(rescued().attempts, {});
  CHECK(std::ranges::count(text, '\n') == 4);
  for (const char* part : {"groq/llama-3.3-70b-versatile", "passed over: at rest for 3 s", "429 rate_limit",
                           "rate_limit_exceeded; Rate limit reached for gpt-4o-mini; retry after 7.00 s",
                           "200 ms", "anthropic/claude-3-5-haiku-latest", "120→45", "$0.000045"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("tables keep to the terminal's width, and nothing is cut in a pipe") {
  auto r = rescued();
  r.attempts[1].message = std::string(500, 'm');
  for (const int width : {200, 150, 120})
    CHECK(longest_line(trail_table(r.attempts, {.width = width})) <= static_cast<size_t>(width));
  CHECK(trail_table(r.attempts, {.width = 120}).find("…") != std::string::npos);
  CHECK(trail_table(r.attempts, {}).find(r.attempts[1].message) != std::string::npos);
  CHECK(longest_line(requests_table(std::vector{r}, {.width = 160})) <= 160);
}

TEST_CASE("colours are there when asked for, and a message cannot bring its own") {
  auto r = rescued();
  r.attempts[1].message = "\x1b[31mred\nline";
  CHECK(trail_table(r.attempts, {}).find('\x1b') == std::string::npos);
  CHECK(trail_table(r.attempts, {.colour = true}).find("\x1b[31m429 rate_limit\x1b[0m") != std::string::npos);
  CHECK(std::ranges::count(trail_table(r.attempts, {}), '\n') == 4);
  r.client_id = "x\x1b[2J";
  CHECK(request_page(r, {}).find('\x1b') == std::string::npos);
}

TEST_CASE("a request's page says who answered and why not the first") {
  auto r = rescued();
  r.tags = {{"team", "shop"}};
  r.raced_cost = {1000};
  const std::string page = request_page(r, {});
  for (const std::string& part :
       {r.id, std::string("anthropic/claude-3-5-haiku-latest with key team (fallback)"),
        std::string("team=shop"), std::string("602 ms"), std::string("lost to races"),
        std::string("upstream id")}) {
    CAPTURE(part);
    CHECK(page.find(part) != std::string::npos);
  }
  CHECK(page.find("virtual key") == std::string::npos);
}

TEST_CASE("requests are a line each") {
  Random random(2);
  const std::vector<RequestRecord> rows{answered_record(random, kStart), rescued(),
                                        failed_record(random, kStart, ErrorClass::auth, 401)};
  const std::string text = requests_table(rows, {});
  CHECK(std::ranges::count(text, '\n') == 4);
  CHECK(text.find("(fallback)") != std::string::npos);
  CHECK(text.find("401 auth") != std::string::npos);
}

TEST_CASE("JSON has the attempts under the names of extra_fields") {
  auto r = rescued();
  r.tags = {{"q\"", "v\n"}};
  const std::string text = json_row(r);
  const auto doc = json::Doc::parse(std::string_view(text).substr(0, text.size() - 1));
  REQUIRE(doc);
  const auto root = doc->root();
  CHECK(root["request_id"].text() == r.id);
  CHECK(root["latency_ms"].number() == 602.0);
  CHECK(root["tags"]["q\""].text() == "v\n");
  REQUIRE(root["attempts"].size() == 3);
  CHECK(root["attempts"].at(0)["skipped"].text() == "at rest for 3 s");
  CHECK(root["attempts"].at(1)["class"].text() == "rate_limit");
  CHECK(root["attempts"].at(1)["status"].integer() == 429);
  CHECK(root["attempts"].at(1)["retry_after_s"].number() == 7.0);
  CHECK(root["attempts"].at(2)["upstream_request_id"].text() == r.attempts[2].upstream_request_id);
}

TEST_CASE("CSV has as many fields as headings, quotes, and disarms formulas") {
  auto r = rescued();
  r.client_id = "=cmd()";
  r.model_requested = "a,\"b\"";
  const std::string heading = csv_heading(), row = csv_row(r);
  CHECK(heading.ends_with("\r\n"));
  CHECK(row.find(",\"'=cmd()\",") != std::string::npos);
  CHECK(row.find(",\"a,\"\"b\"\"\",") != std::string::npos);
  r.model_requested = "plain";
  CHECK(std::ranges::count(csv_row(r), ',') == std::ranges::count(heading, ','));
}

TEST_CASE("the figures are headed by what needs a person") {
  StatsBuilder builder(StatsBy::provider);
  std::vector<std::string> names{"", "openai", "anthropic", "gpt-4o", "main"};
  StatsBuilder::Request answered;
  answered.answered = true;
  answered.took = 1s;
  for (int i = 0; i < 20; ++i) builder.add(answered);
  answered.fallback = answered.first_failed = answered.rescued = true;
  answered.rescue_after = 300ms;
  for (int i = 0; i < 10; ++i) builder.add(answered);
  StatsBuilder::Call refused;
  refused.provider = 1;
  refused.model = 3;
  refused.key = 4;
  refused.error_class = ErrorClass::auth;
  refused.at = kStart;
  builder.add(refused);
  auto odd = refused;
  odd.key = 0;
  odd.error_class = ErrorClass::invalid_response;
  builder.add(odd);
  builder.add_unknown(odd, 200, "E_WEIRD", "what?");
  const auto stats = builder.finish(std::nullopt, [&](int64_t id) { return names[static_cast<size_t>(id)]; });

  const auto lines = needs_a_person(stats);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find("key openai/main is rejected") != std::string::npos);
  CHECK(lines[1].find("33 % of the answers came from a fallback") != std::string::npos);
  CHECK(lines[2].find("E_WEIRD") != std::string::npos);
  const std::string page = stats_page(stats, StatsBy::provider, true, {});
  CHECK(page.starts_with("! key openai/main"));
  for (const char* part : {"rescued         100.00 %", "p50 300 ms", "E_WEIRD", "what?", "auth"}) {
    CAPTURE(part);
    CHECK(page.find(part) != std::string::npos);
  }
  const std::string text = stats_json(stats, StatsBy::provider);
  const auto doc = json::Doc::parse(std::string_view(text).substr(0, text.size() - 1));
  REQUIRE(doc);
  CHECK(doc->root()["fallbacks"].integer() == 10);
  CHECK(doc->root()["needs_a_person"].size() == 3);
  CHECK(doc->root()["failures"].at(0)["classes"]["auth"].integer() == 1);
}

TEST_CASE("a key that answered after it was refused needs nobody") {
  StatsBuilder builder(StatsBy::none);
  StatsBuilder::Call call;
  call.provider = call.model = call.key = 1;
  call.error_class = ErrorClass::quota;
  call.at = kStart;
  builder.add(call);
  call.error_class.reset();
  call.at = kStart + 1s;
  builder.add(call);
  CHECK(builder.finish(std::nullopt, [](int64_t) { return std::string("x"); }).keys.empty());
}

TEST_CASE("a figure is checked against a bound") {
  Stats stats;
  stats.requests = stats.answered = 100;
  stats.fallbacks = 5;
  for (const auto& [text, holds] : std::vector<std::pair<std::string, bool>>{{"fallback_rate<0.05", false},
                                                                             {"fallback_rate<=0.05", true},
                                                                             {" success_rate >= 1 ", true},
                                                                             {"requests>100", false},
                                                                             {"cost_usd<0.01", true}}) {
    CAPTURE(text);
    const auto check = parse_stats_check(text);
    REQUIRE(check);
    CHECK(check->holds(stats) == holds);
  }
  for (const char* text : {"", "fallback_rate", "<1", "nothing<1", "fallback_rate<", "fallback_rate<x",
                           "requests<1<2", "requests=1", "requests<nan"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_stats_check(text));
  }
  CHECK(parse_stats_check("nothing<1").error().message.find("fallback_rate") != std::string::npos);
}

TEST_CASE("a rescue is an answer after a first call that failed") {
  Random random(1);
  CHECK_FALSE(rescue(answered_record(random, kStart)).first_failed);
  const auto r = rescue(rescued());
  CHECK(r.first_failed);
  CHECK(r.rescued);
  CHECK(r.after == 402ms);
  const auto failed = rescue(failed_record(random, kStart, ErrorClass::auth, 401));
  CHECK(failed.first_failed);
  CHECK_FALSE(failed.rescued);
  CHECK_FALSE(rescue(failed_record(random, kStart, ErrorClass::cancelled, 499)).first_failed);
}

TEST_CASE("a body that was kept is shown as text, and steers no terminal") {
  auto r = rescued();
  r.request_body = "{\"a\":\t\"zo\u00eb\"}\r\n\x1b[31m\u009b2J";
  r.response_body = std::string("ID3\0\1", 5);
  const std::string page = request_page(r, {});
  CHECK(page.find("request body\n{\"a\":\t\"zo\u00eb\"}\n?[31m?2J\n") != std::string::npos);
  CHECK(page.find("response body\n5 bytes that are no text\n") != std::string::npos);
  CHECK(json::Doc::parse(json_row(r))->root()["bodies"]["request"].text() == r.request_body);
}
