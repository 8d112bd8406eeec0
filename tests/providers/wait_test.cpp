#include "providers/wait.h"

#include <doctest/doctest.h>

#include "base/time.h"

using namespace llmgw;
using namespace llmgw::providers;

namespace {
WallTime midnight() {
  return WallTime{std::chrono::seconds{1767225600}};
}
}  // namespace

TEST_CASE("a wait is read in every form that providers use") {
  struct Case {
    std::string_view text;
    std::optional<Duration> wait;
  };
  for (const Case& c : std::initializer_list<Case>{{"20s", 20s},
                                                   {"1m30s", 90s},
                                                   {"6ms", 6ms},
                                                   {"9m38.016s", 578016ms},
                                                   {"1h2m3s", 3723s},
                                                   {"12.5", 12500ms},
                                                   {"0", 0s},
                                                   {"7", 7s},
                                                   {"37.82626638s", 37826266380ns},
                                                   {"2 seconds", 2s},
                                                   {"1 minute 5 sec", {}},
                                                   {"", {}},
                                                   {"s", {}},
                                                   {"-5", {}},
                                                   {"5 parsecs", {}},
                                                   {"1e9", {}},
                                                   {"nan", {}},
                                                   {"99999999999h", kLongestWait},
                                                   {"250µs", 250us},
                                                   {"1d", 24h}}) {
    CAPTURE(c.text);
    const auto wait = parse_wait(c.text);
    REQUIRE(wait.has_value() == c.wait.has_value());
    if (wait) CHECK(std::chrono::abs(*wait - *c.wait) < 1us);
  }
}

TEST_CASE("a date is read as HTTP and RFC 3339 write it") {
  const WallTime t = WallTime{std::chrono::seconds{1445412480}};
  CHECK(parse_time("Wed, 21 Oct 2015 07:28:00 GMT") == t);
  CHECK(parse_time("2015-10-21T07:28:00Z") == t);
  CHECK(parse_time("2015-10-21T07:28:00.123Z") == t);
  CHECK(parse_time("2015-10-21T09:28:00+02:00") == t);
  for (std::string_view bad :
       {"", "Wed, 99 Oct 2015 07:28:00 GMT", "Wed, 21 Foo 2015 07:28:00 GMT", "2015-13-21T07:28:00Z",
        "2015-10-21T07:28:00", "2015-10-21T07:28:00+2:00", "2015-02-30T07:28:00Z", "2015-10-21T27:28:00Z",
        "Wed, 21 Oct 2015 07:28:00 CET"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_time(bad));
  }
}

TEST_CASE("Retry-After counts in milliseconds, seconds or to a date, never backwards") {
  struct Case {
    std::string_view name, value;
    std::optional<Duration> wait;
  };
  for (const Case& c : std::initializer_list<Case>{{"retry-after-ms", "1250.5", 1250500us},
                                                   {"Retry-After", "3", 3s},
                                                   {"retry-after", "0.25", 250ms},
                                                   {"retry-after", "-1", 0s},
                                                   {"retry-after", "Thu, 01 Jan 2026 00:01:00 GMT", 1min},
                                                   {"retry-after", "Thu, 01 Jan 2015 00:01:00 GMT", 0s},
                                                   {"retry-after", "1e300", kLongestWait},
                                                   {"retry-after", "inf", std::nullopt},
                                                   {"retry-after", "soon", std::nullopt},
                                                   {"retry-after", "", std::nullopt}}) {
    CAPTURE(c.value);
    net::Headers h;
    h.add(c.name, c.value);
    CHECK(retry_after(h, midnight()) == c.wait);
  }
  net::Headers both;
  both.add("retry-after-ms", "nan");
  both.add("retry-after", "4");
  CHECK(retry_after(both, midnight()) == Duration(4s));
}

TEST_CASE("a wait is found in words") {
  CHECK(wait_in_words("Rate limit reached. Please try again in 1m30.5s. Visit …") == Duration(90500ms));
  CHECK(wait_in_words("Please retry after 86400 seconds") == Duration(24h));
  CHECK(wait_in_words("please try again after 1 seconds") == Duration(1s));
  CHECK(wait_in_words("Please retry in 37s") == Duration(37s));
  CHECK_FALSE(wait_in_words("Please try again later"));
  CHECK_FALSE(wait_in_words("try again in a while"));
  CHECK_FALSE(wait_in_words("wait for 5 apples"));
}

TEST_CASE("rate-limit headers are read under each provider's names") {
  net::Headers openai;
  openai.add("x-ratelimit-limit-requests", "5000");
  openai.add("x-ratelimit-remaining-requests", "4999");
  openai.add("x-ratelimit-reset-requests", "12ms");
  openai.add("x-ratelimit-limit-tokens", "160000");
  openai.add("x-ratelimit-remaining-tokens", "0");
  openai.add("x-ratelimit-reset-tokens", "6m0s");
  const RateLimits limits = rate_limits(*find_row("openai"), openai, midnight());
  CHECK(limits.requests.limit == 5000);
  CHECK(limits.requests.remaining == 4999);
  CHECK(limits.requests.reset == Duration(12ms));
  CHECK(limits.tokens.spent());
  CHECK(limits.wait() == Duration(6min));

  net::Headers anthropic;
  anthropic.add("anthropic-ratelimit-tokens-remaining", "0");
  anthropic.add("anthropic-ratelimit-tokens-reset", "2026-01-01T00:02:00Z");
  CHECK(rate_limits(*find_row("anthropic"), anthropic, midnight()).wait() == Duration(2min));

  net::Headers openrouter;
  openrouter.add("X-RateLimit-Remaining", "0");
  openrouter.add("X-RateLimit-Reset", "1767225660000");
  CHECK(rate_limits(*find_row("openrouter"), openrouter, midnight()).wait() == Duration(1min));

  CHECK_FALSE(rate_limits(*find_row("deepseek"), openai, midnight()).requests.limit);
  CHECK_FALSE(rate_limits(*find_row("openai"), {}, midnight()).wait());
}

TEST_CASE("a reset may be a Unix time") {
  CHECK(parse_reset("1767225630", midnight()) == Duration(30s));
  CHECK(parse_reset("1767225630000", midnight()) == Duration(30s));
  CHECK(parse_reset("1000000000", midnight()) == Duration(0s));
  CHECK(parse_reset("30", midnight()) == Duration(30s));
  CHECK_FALSE(parse_reset("later", midnight()));
}
