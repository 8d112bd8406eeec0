#include "config/find.h"

#include <doctest/doctest.h>

#include "tests/config/machine.h"

using namespace llmgw;
using namespace llmgw::config;

TEST_CASE("a config is looked for from the nearest to the farthest") {
  Machine m;
  const auto found = [&](std::string_view flag = "") { return find_file(flag, m.environment()); };
  CHECK_FALSE(found());
  m.files["/home/u/.config/llmgw/llmgw.toml"] = "";
  CHECK(found() == "/home/u/.config/llmgw/llmgw.toml");
  m.variables["XDG_CONFIG_HOME"] = "relative";
  CHECK(found() == "/home/u/.config/llmgw/llmgw.toml");
  m.variables["XDG_CONFIG_HOME"] = "/x";
  CHECK_FALSE(found());
  m.files["/x/llmgw/llmgw.toml"] = "";
  CHECK(found() == "/x/llmgw/llmgw.toml");
  m.files["llmgw.toml"] = "";
  CHECK(found() == "llmgw.toml");
  // What is named is taken at its word, also when it isn't there: loading it says so.
  m.variables["LLMGW_CONFIG"] = "/named.toml";
  CHECK(found() == "/named.toml");
  CHECK(found("flag.toml") == "flag.toml");
}

TEST_CASE("data is kept where XDG says, else below the home") {
  Machine m;
  CHECK(default_data_dir(m.environment()) == "/home/u/.local/share/llmgw");
  m.variables["XDG_DATA_HOME"] = "/d";
  CHECK(default_data_dir(m.environment()) == "/d/llmgw");
  m.variables.clear();
  CHECK_FALSE(default_data_dir(m.environment()));
  const auto loaded = load("[mock]\nenabled = true\n", "x.toml", m.environment(), some_kinds());
  REQUIRE(loaded.problems.size() == 1);
  CHECK(format(loaded.problems[0], "x.toml") ==
        "x.toml: server.data_dir: $HOME is not set; say where data is to be kept");
}

TEST_CASE("paths are resolved against a folder and the home") {
  Machine m;
  const auto e = m.environment();
  CHECK(resolve_path("~", "", e) == "/home/u");
  CHECK(resolve_path("~/a", "/etc", e) == "/home/u/a");
  CHECK(resolve_path("a/b", "/etc", e) == "/etc/a/b");
  CHECK(resolve_path("a", "/", e) == "/a");
  CHECK(resolve_path("a", "", e) == "a");
  CHECK(resolve_path("/a", "/etc", e) == "/a");
  CHECK(resolve_path("~a", "/etc", e) == "/etc/~a");
  CHECK(folder_of("a") == "");
  CHECK(folder_of("/a") == "/");
  CHECK(folder_of("/a/b") == "/a");
}
