#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "config/load.h"
#include "tests/config/machine.h"
#include "tests/config/problem_case.h"

using namespace llmgw;
using namespace llmgw::config;

TEST_CASE("every ready config loads without a problem, and needs no secret for that") {
  Known known = some_kinds();
  known.kinds.push_back({"openrouter", "", "OPENROUTER_API_KEY"});
  for (const char* cloud : {"vertex", "bedrock"}) known.kinds.push_back({cloud, "", ""});
  known.kinds.push_back({"gemini", "", "GEMINI_API_KEY"});
  const Machine machine;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("configs")) {
    if (entry.is_directory()) continue;  // scenarios of the mock
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    CHECK(name.ends_with(".toml"));
    names.push_back(name);
    const auto loaded = load(source_file("configs/" + name), name, machine.environment(), known,
                             {.secrets = Secrets::optional});
    for (const auto& problem : loaded.problems) FAIL_CHECK(format(problem, name));
    REQUIRE(loaded.config);
    CHECK_FALSE(loaded.config->providers.empty());
  }
  CHECK(names.size() >= 8);
  CHECK(std::ranges::find(names, "offline-demo.toml") != names.end());
}

TEST_CASE("a ready config with its secrets missing starts with the keys that are there") {
  Machine machine;
  machine.variables["OPENAI_KEY_RESERVE"] = "sk-r";
  const auto loaded =
      load(source_file("configs/two-keys.toml"), "two-keys.toml", machine.environment(), some_kinds());
  REQUIRE(loaded.config);
  CHECK(loaded.problems.size() == 2);
  const auto& keys = loaded.config->providers[0].keys;
  CHECK(keys[0].unset);
  CHECK(keys[1].unset);
  CHECK_FALSE(keys[2].unset);
}
