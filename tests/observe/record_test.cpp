#include "observe/record.h"

#include <doctest/doctest.h>

using namespace llmgw::observe;

TEST_CASE("an attempt that was neither sent, passed over nor answered from the cache was held back by us") {
  AttemptRecord attempt;
  CHECK(attempt.held_back());
  attempt.sent = true;
  CHECK_FALSE(attempt.held_back());
  attempt.sent = false;
  attempt.cache = CacheUse::hit;
  CHECK_FALSE(attempt.held_back());
  attempt.cache = CacheUse::miss;
  attempt.skipped = "at rest until 12:00";
  CHECK_FALSE(attempt.held_back());
}
