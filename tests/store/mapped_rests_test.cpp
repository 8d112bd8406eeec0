#include "store/mapped_rests.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::store;

namespace {

const WallTime kNow = ManualClock{}.wall();

std::unique_ptr<MappedRests> opened(const TemporaryDirectory& directory) {
  auto rests = MappedRests::open(directory.path(), kNow);
  REQUIRE_MESSAGE(rests, (rests ? "" : rests.error().message));
  return std::move(*rests);
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("rests outlive the process and are shared at once") {
  const TemporaryDirectory directory;
  {
    auto serve = opened(directory), ask = opened(directory);
    serve->begin("key:1", ErrorClass::auth, 1h, kNow);
    CHECK(ask->get("key:1", kNow));
    ask->begin("key:2", ErrorClass::quota, 1h, kNow);
    CHECK(serve->list(kNow).size() == 2);
  }
  const auto later = opened(directory);
  CHECK(later->get("key:1", kNow)->cause == ErrorClass::auth);
  CHECK(later->set_aside_as().empty());
  struct stat facts{};
  REQUIRE(::stat(directory.file("rests").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
}

TEST_CASE("a file of another version or size, or of garbage, is set aside") {
  std::string good;
  {
    const TemporaryDirectory directory;
    opened(directory)->begin("key:1", ErrorClass::auth, 1h, kNow);
    std::ifstream in(directory.file("rests"), std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(in), {});
  }
  std::string other_version = good, other_slots = good, random = good;
  other_version[8] = 2;
  other_slots[12] ^= 1;
  for (size_t i = 0; i < random.size(); ++i) random[i] = static_cast<char>(i * 2654435761u >> 13);
  for (const std::string& bytes : {std::string{}, std::string("x"), good.substr(0, good.size() - 1),
                                   good + "x", other_version, other_slots, random}) {
    const TemporaryDirectory directory;
    write(directory.file("rests"), bytes);
    const auto rests = opened(directory);
    REQUIRE(rests->set_aside_as().starts_with(directory.file("rests.unusable-")));
    CHECK(std::filesystem::file_size(rests->set_aside_as()) == bytes.size());
    CHECK(rests->list(kNow).empty());
    rests->begin("key:1", ErrorClass::auth, 1h, kNow);
    CHECK(opened(directory)->get("key:1", kNow));
  }
}

TEST_CASE("garbage behind a good header is no crash, and the file goes on working") {
  const TemporaryDirectory directory;
  opened(directory);
  std::fstream file(directory.file("rests"), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(64);
  for (uint64_t i = 0, x = 88172645463325252ull; i < 50'000; ++i) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    file.write(reinterpret_cast<const char*>(&x), 8);
  }
  file.close();
  const auto rests = opened(directory);
  rests->list(kNow);
  rests->begin("key:1", ErrorClass::auth, 24h * 360, kNow);
  CHECK(rests->get("key:1", kNow));
  rests->answered("key:1");
  CHECK(rests->wake("key:1", kNow));
}

TEST_CASE("a directory that cannot be used is an error that says so") {
  const TemporaryDirectory directory;
  write(directory.file("plain"), "");
  const auto rests = MappedRests::open(directory.file("plain") + "/data", kNow);
  REQUIRE_FALSE(rests);
  CHECK(rests.error().message.find(directory.file("plain")) != std::string::npos);
}

#ifndef LLMGW_SANITIZED
TEST_CASE("processes killed at any moment leave the rests whole and usable") {
  const TemporaryDirectory directory;
  const auto rests = opened(directory);
  for (int round = 0; round < 60; ++round) {
    std::vector<pid_t> children;
    for (int c = 0; c < 3; ++c) {
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        auto own = MappedRests::open(directory.path(), kNow);
        if (!own) ::_exit(1);
        for (int i = 0;; ++i) {
          const std::string name = "key:" + std::to_string((i * 31 + c) % 3000);
          (*own)->begin(name, ErrorClass::auth, 1h, kNow);
          if (i % 3 == 0) (*own)->answered(name);
          if (i % 5 == 0) (*own)->wake(name, kNow);
        }
      }
      children.push_back(child);
    }
    ::usleep(static_cast<useconds_t>(2000 + round * 137));
    for (const pid_t child : children) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
    rests->begin("key:mine", ErrorClass::quota, 2h, kNow);
    REQUIRE(rests->get("key:mine", kNow)->until == kNow + 2h);
    REQUIRE(rests->wake("key:mine", kNow));
    REQUIRE_FALSE(rests->get("key:mine", kNow));
    int lost = 0;
    for (const auto& rest : rests->list(kNow)) {
      if (!rest.name.starts_with("key:")) ++lost;
      REQUIRE(rest.until == kNow + 1h);
      REQUIRE(rest.cause == ErrorClass::auth);
    }
    // A killed writer may tear the name it was writing, at most.
    CHECK(lost <= 3 * (round + 1));
  }
  CHECK(opened(directory)->set_aside_as().empty());
}
#endif
