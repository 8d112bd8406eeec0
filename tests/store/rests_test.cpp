#include "store/rests.h"

#include <doctest/doctest.h>

#include <thread>

#include "store/mapped_rests.h"
#include "store/memory_rests.h"
#include "store/rest_rule.h"
#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

const WallTime kNow = ManualClock{}.wall();

// Every promise of store/rests.h, for each implementation.
template <typename Check>
void for_each_store(Check check) {
  {
    INFO("memory");
    MemoryRests rests;
    check(rests);
  }
  {
    INFO("mapped file");
    const TemporaryDirectory directory;
    auto rests = MappedRests::open(directory.path(), kNow);
    REQUIRE(rests);
    check(**rests);
  }
}

}  // namespace

TEST_CASE("a rest lasts until the provider's Retry-After, and ends by itself") {
  for_each_store([](Rests& rests) {
    CHECK_FALSE(rests.get("key:1:gpt-4o", kNow));
    CHECK(rests.begin("key:1:gpt-4o", ErrorClass::rate_limit, 7s, kNow) == kNow + 7s);
    const auto rest = rests.get("key:1:gpt-4o", kNow + 7s - 1ns);
    REQUIRE(rest);
    CHECK(rest->until == kNow + 7s);
    CHECK(rest->cause == ErrorClass::rate_limit);
    CHECK(rest->announced);
    CHECK(rest->strikes == 1);
    CHECK_FALSE(rests.get("key:1:gpt-4o", kNow + 7s));
    CHECK_FALSE(rests.get("key:1:gpt-4", kNow));
    CHECK_FALSE(rests.get("key:1", kNow));
  });
}

TEST_CASE("without Retry-After the cool-down doubles from 1 s to 60 s with each refusal in a row") {
  for_each_store([](Rests& rests) {
    WallTime now = kNow;
    for (const Duration expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
      const WallTime until = rests.begin("key:1", ErrorClass::auth, std::nullopt, now);
      CHECK(until - now == expected);
      CHECK_FALSE(rests.get("key:1", now)->announced);
      now = until;
    }
  });
}

TEST_CASE("an answer makes the count of refusals start anew, but ends no rest") {
  for_each_store([](Rests& rests) {
    WallTime now = rests.begin("key:1", ErrorClass::rate_limit, std::nullopt, kNow);
    now = rests.begin("key:1", ErrorClass::rate_limit, std::nullopt, now);
    rests.answered("key:1");
    CHECK(rests.get("key:1", now - 1ms));
    CHECK(rests.begin("key:1", ErrorClass::rate_limit, std::nullopt, now) - now == 1s);
    rests.answered("key:unknown");
    CHECK(rests.list(now).size() == 1);
  });
}

TEST_CASE("refusals of calls that were in flight together count as one strike") {
  for_each_store([](Rests& rests) {
    const WallTime until = rests.begin("key:1", ErrorClass::rate_limit, std::nullopt, kNow);
    for (int i = 1; i < 50; ++i) {
      CHECK(rests.begin("key:1", ErrorClass::rate_limit, std::nullopt, kNow + i * 1ms) == until);
    }
    CHECK(rests.get("key:1", kNow)->strikes == 1);
    CHECK(rests.begin("key:1", ErrorClass::rate_limit, std::nullopt, until) - until == 2s);
  });
}

TEST_CASE("a later end prolongs a rest, an earlier one never shortens it") {
  for_each_store([](Rests& rests) {
    rests.begin("key:1", ErrorClass::rate_limit, 10s, kNow);
    CHECK(rests.begin("key:1", ErrorClass::overloaded, 3s, kNow) == kNow + 10s);
    CHECK(rests.begin("key:1", ErrorClass::quota, 30s, kNow + 1s) == kNow + 31s);
    CHECK(rests.get("key:1", kNow)->cause == ErrorClass::quota);
    CHECK(rests.begin("key:1", ErrorClass::auth, std::nullopt, kNow + 1s) == kNow + 31s);
  });
}

TEST_CASE("a Retry-After that says nothing is a cool-down, and an absurd one overflows nothing") {
  for_each_store([](Rests& rests) {
    CHECK(rests.begin("zero", ErrorClass::rate_limit, 0s, kNow) == kNow + 1s);
    CHECK_FALSE(rests.get("zero", kNow)->announced);
    CHECK(rests.begin("negative", ErrorClass::rate_limit, -5s, kNow) == kNow + 1s);
    const WallTime far = rests.begin("far", ErrorClass::rate_limit, Duration::max(), kNow);
    CHECK(far > kNow + 24h * 300);
    CHECK(rests.get("far", kNow)->until == far);
    // Never early: fractions of a millisecond count up.
    CHECK(rests.begin("fraction", ErrorClass::rate_limit, 1s + 1ns, kNow) == kNow + 1001ms);
  });
}

TEST_CASE("a cool-down of our own ends when the wall clock is set back, an announced rest does not") {
  for_each_store([](Rests& rests) {
    rests.begin("ours", ErrorClass::auth, std::nullopt, kNow);
    rests.begin("theirs", ErrorClass::auth, 10s, kNow);
    CHECK_FALSE(rests.get("ours", kNow - 1h));
    CHECK(rests.get("theirs", kNow - 1h));
  });
}

TEST_CASE("a rest is ended by hand, strikes and all") {
  for_each_store([](Rests& rests) {
    CHECK_FALSE(rests.wake("key:1", kNow));
    WallTime now = rests.begin("key:1", ErrorClass::auth, std::nullopt, kNow);
    CHECK_FALSE(rests.wake("key:1", now));
    now = rests.begin("key:1", ErrorClass::auth, std::nullopt, now);
    CHECK(rests.wake("key:1", now - 1ms));
    CHECK_FALSE(rests.get("key:1", now - 1ms));
    CHECK(rests.begin("key:1", ErrorClass::auth, std::nullopt, now) - now == 1s);
  });
}

TEST_CASE("what rests is listed by its full name") {
  for_each_store([](Rests& rests) {
    const std::string name =
        "key:" + std::string(64, 'a') + ":accounts/fireworks/models/llama-v3p1-405b-instruct";
    rests.begin(name, ErrorClass::quota, 5s, kNow);
    rests.begin("target:openai/gpt-4o", ErrorClass::overloaded, 1s, kNow);
    rests.begin("", ErrorClass::overloaded, 5s, kNow);
    const std::string endless(5000, 'x');
    rests.begin(endless + "1", ErrorClass::auth, 5s, kNow);
    const auto all = rests.list(kNow + 2s);
    REQUIRE(all.size() == 3);
    CHECK(all[0].name.empty());
    CHECK(all[1].name == name);
    CHECK(all[1].cause == ErrorClass::quota);
    CHECK(all[2].name == endless.substr(0, RestTable::kNameBytes));
    CHECK(rests.get(endless + "1", kNow));
    CHECK_FALSE(rests.get(endless + "2", kNow));
  });
}

TEST_CASE("a full table gives up the rest that ends first") {
  MemoryRests rests(RestTable::kWindow);
  for (size_t i = 0; i < RestTable::kWindow; ++i) {
    rests.begin("n" + std::to_string(i), ErrorClass::auth, 1min + (i * 7 % RestTable::kWindow) * 1s, kNow);
  }
  CHECK(rests.list(kNow).size() == RestTable::kWindow);
  rests.begin("one more", ErrorClass::auth, 1h, kNow);
  CHECK(rests.list(kNow).size() == RestTable::kWindow);
  CHECK(rests.get("one more", kNow));
  CHECK_FALSE(rests.get("n0", kNow));
  CHECK(rests.get("n1", kNow));
}

TEST_CASE("any number of names leaves the store bounded and working") {
  for_each_store([](Rests& rests) {
    for (int i = 0; i < 20'000; ++i) {
      const std::string name = "key:hash:model-" + std::to_string(i);
      rests.begin(name, ErrorClass::auth, 1h + i * 1ms, kNow);
      REQUIRE(rests.get(name, kNow));
    }
    CHECK(rests.list(kNow).size() <= 2048);
    CHECK(rests.list(kNow).size() > 1900);
  });
}

TEST_CASE("threads that begin, ask, answer and wake at once see whole rests only") {
  for_each_store([](Rests& rests) {
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5000; ++i) {
          const std::string name = "name" + std::to_string((i + t) % 40);
          const auto cause = static_cast<ErrorClass>((i + t) % 40 % kErrorClasses);
          const WallTime now = kNow + i * 1ms;
          if (i % 7 == t) rests.begin(name, cause, 3ms, now);
          if (i % 11 == t) rests.begin(name, cause, std::nullopt, now);
          if (const auto rest = rests.get(name, now); rest && rest->cause != cause) ++wrong;
          rests.answered(name);
          if (i % 13 == t) rests.wake(name, now);
          if (i % 1000 == 0) rests.list(now);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    for (const auto& rest : rests.list(kNow)) CHECK(rest.name.starts_with("name"));
  });
}

TEST_CASE("threads that are refused at the same moment make one strike") {
  for_each_store([](Rests& rests) {
    for (int round = 0; round < 200; ++round) {
      const std::string name = "round" + std::to_string(round);
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] { rests.begin(name, ErrorClass::rate_limit, std::nullopt, kNow); });
      }
      for (auto& thread : threads) thread.join();
      REQUIRE(rests.get(name, kNow)->until == kNow + 1s);
    }
    CHECK(rests.list(kNow).size() == 200);
  });
}
