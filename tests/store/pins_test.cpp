#include "store/sqlite/pins.h"

#include <doctest/doctest.h>

#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

Result<void> keep(Pins& pins, std::string_view id, const Pin& pin) {
  pins.note(id, pin);
  return pins.flush();
}

}  // namespace

TEST_CASE("an id is known to the provider and key that gave it out, also after a restart") {
  const TemporaryDirectory directory;
  {
    sqlite::SqlitePins pins(directory.path());
    CHECK(pins.find("file-1").value() == std::nullopt);
    REQUIRE(keep(pins, "file-1", {"openai", "main"}));
    REQUIRE(keep(pins, "file-2", {"azure", ""}));
    REQUIRE(keep(pins, "file-1", {"openai", "spare"}));
  }
  sqlite::SqlitePins pins(directory.path());
  CHECK(pins.find("file-1").value() == Pin{"openai", "spare"});
  CHECK(pins.find("file-2").value() == Pin{"azure", ""});
}

TEST_CASE("the oldest ids give way") {
  const TemporaryDirectory directory;
  sqlite::SqlitePins pins(directory.path(), 3);
  for (int i = 0; i < 5; ++i) REQUIRE(keep(pins, "id-" + std::to_string(i), {"p", "k"}));
  CHECK_FALSE(pins.find("id-1").value());
  CHECK(pins.find("id-2").value());
  CHECK(pins.find("id-4").value());
}

TEST_CASE("an id is known as soon as it is noted, and kept when it is written") {
  const TemporaryDirectory directory;
  sqlite::SqlitePins pins(directory.path());
  REQUIRE(pins.flush());
  pins.note("file-1", {"openai", "main"});
  pins.note("file-2", {"openai", "main"});
  CHECK(pins.find("file-1").value() == Pin{"openai", "main"});
  CHECK_FALSE(std::filesystem::exists(directory.file("pins.db")));
  REQUIRE(pins.flush());
  CHECK(sqlite::SqlitePins(directory.path()).find("file-2").value() == Pin{"openai", "main"});
}

TEST_CASE("what cannot be written is known all the same, and written when it can be") {
  const TemporaryDirectory directory;
  sqlite::SqlitePins pins(directory.file("not-there"));
  pins.note("file-1", {"openai", "main"});
  CHECK_FALSE(pins.flush());
  CHECK(pins.find("file-1").value() == Pin{"openai", "main"});
  std::filesystem::create_directory(directory.file("not-there"));
  pins.note("file-2", {"openai", "main"});
  REQUIRE(pins.flush());
  CHECK(sqlite::SqlitePins(directory.file("not-there")).find("file-1").value() == Pin{"openai", "main"});
}
