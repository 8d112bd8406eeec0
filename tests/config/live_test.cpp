#include "config/live.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/config/machine.h"

using namespace llmgw;
using namespace llmgw::config;

namespace {

constexpr std::string_view kMock = "[mock]\nenabled = true\n";

// A file that a test rewrites.
struct Source {
  Machine machine;
  std::string text;

  Loaded load() const { return config::load(text, "llmgw.toml", machine.environment(), some_kinds()); }
  Live live() {
    return Live(load(), [this] { return load(); });
  }
};

}  // namespace

TEST_CASE("a reload puts the new config to use and leaves the old one whole for its readers") {
  Source source{.machine = {}, .text = std::string(kMock)};
  Live live = source.live();
  const auto before = live.current();
  CHECK(live.version() == 1);
  source.text += "[log]\nlevel = 'debug'\n";
  const Reload reload = live.reload();
  CHECK(reload.applied);
  CHECK(reload.problems.empty());
  CHECK(reload.need_replace.empty());
  CHECK(before->log.level == "info");
  CHECK(live.current()->log.level == "debug");
  CHECK(live.version() == 2);
}

TEST_CASE("a config with errors is refused, its problems are told, and the old one stays") {
  Source source{.machine = {}, .text = std::string(kMock)};
  Live live = source.live();
  const auto before = live.current();
  int told = 0;
  live.subscribe([&](const Reload& reload) {
    ++told;
    CHECK_FALSE(reload.applied);
    CHECK(reload.config == before);
  });
  source.text = "[log]\nlevel = 'loud'\n";
  const Reload reload = live.reload();
  CHECK_FALSE(reload.applied);
  CHECK(any_error(reload.problems));
  CHECK(live.current() == before);
  CHECK(live.version() == 1);
  CHECK(told == 1);
}

TEST_CASE("a reload says what only --replace takes over") {
  struct {
    std::string_view text;
    std::vector<std::string> keys;
  } const cases[] = {
      {"[server]\nlisten = '127.0.0.1:9'\n", {"server.listen"}},
      {"[server]\ndata_dir = '/d'\n", {"server.data_dir"}},
      {"[cluster]\nredis = 'redis://h'\n", {"cluster"}},
      {"[server]\nlisten = '127.0.0.1:9'\ndata_dir = '/d'\n", {"server.listen", "server.data_dir"}},
      {"[server]\ndrain = '1s'\n", {}}};
  for (const auto& [text, keys] : cases) {
    CAPTURE(text);
    const Machine m;
    const auto environment = m.environment();
    const Options options{.refuse_unbuilt = false};
    const auto before = load(kMock, "x", environment, some_kinds(), options);
    const auto after = load(std::string(kMock) + std::string(text), "x", environment, some_kinds(), options);
    REQUIRE(after.config);
    CHECK(need_replace(*before.config, *after.config) == keys);
  }
}

TEST_CASE("readers on other threads see one config or the other, never a mix") {
  Source source{.machine = {}, .text = std::string(kMock)};
  Live live = source.live();
  std::atomic<bool> stop = false;
  std::atomic<int> mixed = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto config = live.current();
        if ((config->log.level == "debug") != (config->ask_model == "mock/echo")) ++mixed;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    source.text =
        std::string(kMock) + (i % 2 == 0 ? "[log]\nlevel = 'debug'\n[ask]\nmodel = 'mock/echo'\n" : "");
    CHECK(live.reload().applied);
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  CHECK(mixed == 0);
  CHECK(live.version() == 201);
}
