// Arbitrary bytes as a config: read or refused with a place, never a crash. Whatever loads
// must also be shown without its secrets being asked for.
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "config/describe.h"
#include "tests/config/machine.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace llmgw::config;
  static const Machine machine;
  static const Environment environment = machine.environment();
  static const Known known = some_kinds();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Loaded loaded = load(text, "fuzz.toml", environment, known, {.refuse_unbuilt = false});
  if ((loaded.config == nullptr) != any_error(loaded.problems)) std::abort();
  for (const auto& problem : loaded.problems) {
    if (format(problem, "fuzz.toml").empty()) std::abort();
  }
  if (loaded.config && !llmgw::json::Doc::parse(describe(*loaded.config))) std::abort();
  return 0;
}
