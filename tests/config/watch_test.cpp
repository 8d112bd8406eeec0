#include "config/watch.h"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

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
  for (int i = 0; i < 5; ++i) {
    write(folder / "a", std::string(static_cast<size_t>(i + 1), 'x'));
    write(folder / "b", std::string(static_cast<size_t>(i + 1), 'x'));
  }
  CHECK(watched.reaches(1));
  watched.stays(1);
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
