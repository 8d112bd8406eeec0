#include "observe/record.h"

#include <doctest/doctest.h>

using namespace llmgw::observe;

TEST_CASE("an attempt that was neither sent, passed over nor answered from the cache was held back by us") {
  AttemptRecord attempt;
  CHECK(attempt.held_back());
  attempt.sent = true;
  CHECK_FALSE(attempt.held_back());
  attempt.sent = false;
  attempt.from_cache = true;
  CHECK_FALSE(attempt.held_back());
  attempt.from_cache = false;
  attempt.skipped = "at rest until 12:00";
  CHECK_FALSE(attempt.held_back());
}
