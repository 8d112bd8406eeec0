#include "store/sqlite/pins.h"

#include <doctest/doctest.h>

#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;

TEST_CASE("an id is known to the provider and key that gave it out, also after a restart") {
  const TemporaryDirectory directory;
  {
    sqlite::SqlitePins pins(directory.path());
    CHECK(pins.find("file-1").value() == std::nullopt);
    REQUIRE(pins.keep("file-1", {"openai", "main"}));
    REQUIRE(pins.keep("file-2", {"azure", ""}));
    REQUIRE(pins.keep("file-1", {"openai", "spare"}));
  }
  sqlite::SqlitePins pins(directory.path());
  CHECK(pins.find("file-1").value() == Pin{"openai", "spare"});
  CHECK(pins.find("file-2").value() == Pin{"azure", ""});
}

TEST_CASE("the oldest ids give way") {
  const TemporaryDirectory directory;
  sqlite::SqlitePins pins(directory.path(), 3);
  for (int i = 0; i < 5; ++i) REQUIRE(pins.keep("id-" + std::to_string(i), {"p", "k"}));
  CHECK_FALSE(pins.find("id-1").value());
  CHECK(pins.find("id-2").value());
  CHECK(pins.find("id-4").value());
}
