#include "ask/conversation.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::ask;

TEST_CASE("a conversation comes back as it was kept, readable by its owner alone") {
  const TemporaryDirectory folder;
  const Conversations kept(folder.path());
  REQUIRE(kept.keep({.id = "trip", .model = "a/b", .messages = {R"({"role":"user","content":"hi"})"}}));
  const auto loaded = kept.load("trip");
  REQUIRE(loaded);
  CHECK(loaded->model == "a/b");
  CHECK(loaded->messages == std::vector<std::string>{R"({"role":"user","content":"hi"})"});
  struct stat status{};
  REQUIRE(::stat((folder.path() + "/conversations/trip.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("the last conversation is the one that was kept last") {
  const TemporaryDirectory folder;
  const Conversations kept(folder.path());
  CHECK(!kept.last());
  REQUIRE(kept.keep({.id = "b"}));
  REQUIRE(kept.keep({.id = "a"}));
  const auto path = folder.path() + "/conversations/b.json";
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) - std::chrono::hours(1));
  CHECK(kept.last() == "a");
}

TEST_CASE("an id is a plain name") {
  for (const char* good : {"a", "trip-2", "x.y_z"}) CHECK(Conversations::is_id(good));
  for (const char* bad : {"", ".", "..", ".x", "a/b", "a b", "ä"}) CHECK(!Conversations::is_id(bad));
  CHECK(!Conversations::is_id(std::string(65, 'a')));
}

TEST_CASE("a file that is no conversation is said to be none") {
  const TemporaryDirectory folder;
  const Conversations kept(folder.path());
  REQUIRE(kept.keep({.id = "x"}));
  std::ofstream(folder.path() + "/conversations/x.json") << "{";
  const auto loaded = kept.load("x");
  REQUIRE(!loaded);
  CHECK(loaded.error().message.find("x.json is no conversation") != std::string::npos);
}

TEST_CASE("unnamed conversations are forgotten when there are many; named ones stay") {
  const TemporaryDirectory folder;
  const Conversations kept(folder.path());
  ManualClock clock;
  Random random(1);
  REQUIRE(kept.keep({.id = "named"}));
  std::vector<std::string> ids;
  for (size_t i = 0; i < Conversations::kKept + 5; ++i) {
    clock.advance(1ms);
    ids.push_back(Conversations::new_id(clock.wall(), random));
    REQUIRE(kept.keep({.id = ids.back()}));
  }
  CHECK(kept.exists("named"));
  CHECK(!kept.exists(ids[4]));
  CHECK(kept.exists(ids[5]));
  CHECK(kept.exists(ids.back()));
}
