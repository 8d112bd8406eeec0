#include "config/watch.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "config/live.h"
#include "tests/config/machine.h"

using namespace llmgw;
using namespace llmgw::config;
namespace fs = std::filesystem;

namespace {

// A folder of its own that goes with the test.
struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "llmgw-watch-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}

// Real files and a real thread: what is awaited comes within 10 s, what must not come is
// given three times the quiet time.
struct Watched {
  std::atomic<int> calls = 0;
  std::unique_ptr<Watch> watch;

  explicit Watched(const std::vector<std::string>& files) {
    auto started = Watch::start({.files = [files] { return files; }, .changed = [this] { ++calls; }});
    REQUIRE(started);
    watch = std::move(*started);
    poke_until_ready();
  }

  // One round trip, so that the folders are watched before a test changes them.
  void poke_until_ready() {
    watch->poke();
    CHECK(reaches(1));
    calls = 0;
  }

  bool reaches(int n) const {
    for (int i = 0; i < 1000 && calls < n; ++i) std::this_thread::sleep_for(10ms);
    return calls >= n;
  }

  void stays(int n) const {
    std::this_thread::sleep_for(300ms);
    CHECK(calls == n);
  }
};

}  // namespace

TEST_CASE("a file that is written in place is seen once") {
  Folder folder;
  write(folder / "llmgw.toml", "a");
  Watched watched({folder / "llmgw.toml"});
  write(folder / "llmgw.toml", "ab");
  CHECK(watched.reaches(1));
  watched.stays(1);
}

TEST_CASE("a file that an editor replaces by a rename is seen") {
  Folder folder;
  write(folder / "llmgw.toml", "a");
  Watched watched({folder / "llmgw.toml"});
  write(folder / "llmgw.toml~", "b");
  fs::rename(folder / "llmgw.toml~", folder / "llmgw.toml");
  CHECK(watched.reaches(1));
  watched.stays(1);
}

TEST_CASE("the swap of a symlink in the path is seen, as Kubernetes does it") {
  Folder folder;
  for (auto version : {"..1", "..2"}) {
    fs::create_directory(folder / version);
    write((folder / version) + "/llmgw.toml", version);
  }
  fs::create_directory_symlink("..1", folder / "..data");
  fs::create_symlink("..data/llmgw.toml", folder / "llmgw.toml");
  Watched watched({folder / "llmgw.toml"});
  fs::create_directory_symlink("..2", folder / "..data_tmp");
  fs::rename(folder / "..data_tmp", folder / "..data");
  CHECK(watched.reaches(1));
  // And what lies behind it now is watched as well.
  write(folder / "..2/llmgw.toml", "changed");
  CHECK(watched.reaches(2));
}

TEST_CASE("other files in the folder are nobody's business") {
  Folder folder;
  write(folder / "llmgw.toml", "a");
  Watched watched({folder / "llmgw.toml"});
  for (int i = 0; i < 20; ++i) write(folder / "log.sqlite", std::string(static_cast<size_t>(i), 'x'));
  watched.stays(0);
}

TEST_CASE("a burst of changes is one call") {
  Folder folder;
  write(folder / "a", "");
  write(folder / "b", "");
  Watched watched({folder / "a", folder / "b"});
  const auto begun = SystemClock().now();
  for (int i = 0; i < 5; ++i) {
    write(folder / "a", std::string(static_cast<size_t>(i + 1), 'x'));
    write(folder / "b", std::string(static_cast<size_t>(i + 1), 'x'));
  }
  // On a machine that stands still for the quiet time, it is no longer one burst.
  const auto bursts = 1 + (SystemClock().now() - begun) / 100ms;
  CHECK(watched.reaches(1));
  std::this_thread::sleep_for(300ms);
  CHECK(watched.calls <= bursts);
}

TEST_CASE("what was written between the reading of a file and the watch's start is seen") {
  Folder folder;
  const WallTime read = SystemClock().wall();
  write(folder / "llmgw.toml", "newer than what was read");
  std::atomic<int> calls = 0;
  std::atomic<WallTime> read_at = read;
  const auto watch = Watch::start({.files = [&] { return std::vector<std::string>{folder / "llmgw.toml"}; },
                                   .changed =
                                       [&] {
                                         read_at = SystemClock().wall();
                                         ++calls;
                                       },
                                   .read_at = [&] { return read_at.load(); }});
  REQUIRE(watch);
  for (int i = 0; i < 1000 && calls == 0; ++i) std::this_thread::sleep_for(10ms);
  CHECK(calls == 1);
}

TEST_CASE("a file that comes into a folder that comes later is seen") {
  Folder folder;
  Watched watched({folder / "later/llmgw.toml"});
  fs::create_directory(folder / "later");
  write(folder / "later/llmgw.toml", "a");
  CHECK(watched.reaches(1));
}

TEST_CASE("a poke calls back though nothing has changed, and a watch stops at once") {
  Folder folder;
  Watched watched({folder / "none.toml"});
  watched.watch->poke();
  CHECK(watched.reaches(1));
  watched.watch.reset();
  watched.stays(1);
}

TEST_CASE("a config file that changes is put to use; a broken one is not, until it is mended") {
  Folder folder;
  const auto path = folder / "llmgw.toml";
  const auto environment = system_environment();
  const auto known = some_kinds();
  const auto load = [&] { return load_file(path, environment, known); };
  write(path, "[mock]\nenabled = true\n");
  Live live(load(), load);
  std::atomic<int> refused = 0;
  live.subscribe([&](const Reload& reload) { refused += reload.applied ? 0 : 1; });
  auto watch = Watch::start({.files = [&] { return live.files(); }, .changed = [&] { live.reload(); }});
  REQUIRE(watch);
  const auto until = [](auto done) {
    for (int i = 0; i < 1000 && !done(); ++i) std::this_thread::sleep_for(10ms);
    return done();
  };
  (*watch)->poke();
  CHECK(until([&] { return live.version() == 2; }));
  write(path, "[mock]\nenabled = maybe\n");
  CHECK(until([&] { return refused == 1; }));
  CHECK(live.current()->mock.enabled);
  write(path, "[mock]\nenabled = true\n[log]\nlevel = 'debug'\n");
  CHECK(until([&] { return live.current()->log.level == "debug"; }));
}

TEST_CASE("the machine's files are read whole, and what is no file says so at once") {
  Folder folder;
  const auto environment = system_environment();
  write(folder / "key", "sk-1\n");
  CHECK(*environment.read_file(folder / "key") == "sk-1\n");
  CHECK(environment.exists(folder / "key"));
  CHECK_FALSE(environment.exists(folder / "none"));
  CHECK(environment.read_file(folder / "none").error().message ==
        "cannot be read: No such file or directory");
  CHECK(environment.read_file(folder.path.string()).error().message == "cannot be read: Is a directory");
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(*environment.read_file(folder / "pipe") == "");
  write(folder / "large", std::string((4 << 20) + 1, 'x'));
  CHECK(environment.read_file(folder / "large").error().message == "is larger than 4 MiB");
  fs::permissions(folder / "key", fs::perms::owner_read);
  CHECK_FALSE(environment.others_can_read(folder / "key"));
  fs::permissions(folder / "key", fs::perms::owner_read | fs::perms::others_read);
  CHECK(environment.others_can_read(folder / "key"));
}
