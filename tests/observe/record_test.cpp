#include "observe/record.h"

#include <doctest/doctest.h>

using namespace llmgw::observe;

TEST_CASE("an attempt passed over or answered from the cache is no call") {
  AttemptRecord attempt;
  CHECK(attempt.called());
  attempt.from_cache = true;
  CHECK_FALSE(attempt.called());
  attempt.from_cache = false;
  attempt.skipped = "at rest until 12:00";
  CHECK_FALSE(attempt.called());
}
