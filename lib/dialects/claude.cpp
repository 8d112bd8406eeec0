// What differs among the generations of Claude.
#include <array>

#include "base/text.h"
#include "dialects/anthropic.h"

namespace llmgw::dialects {
namespace {

// "…-4-7…" behind the family's name: 407; "…-5…": 500; a date is no version.
int version_of(std::string_view model) {
  for (const std::string_view family : {"opus-", "sonnet-", "haiku-", "fable-", "mythos-"}) {
    const size_t found = model.find(family);
    if (found == std::string_view::npos) continue;
    std::array<int, 2> numbers{};
    size_t at = found + family.size();
    for (int& number : numbers) {
      size_t end = at;
      while (end < model.size() && model[end] >= '0' && model[end] <= '9') ++end;
      if (end == at || end - at > 2) break;
      number = to_number<int>(model.substr(at, end - at)).value_or(0);
      if (end >= model.size() || (model[end] != '-' && model[end] != '.')) break;
      at = end + 1;
    }
    return numbers[0] * 100 + numbers[1];
  }
  return 0;
}

}  // namespace

// platform.claude.com/docs: "Adaptive thinking" (from 4.6 on; budgets are deprecated there and refused
// from 4.7 on), "What's new in Claude Opus 4.7" (no sampling parameters), "Claude 4.5: temperature or top_p".
ClaudeAbilities claude_abilities(std::string_view model) {
  const int version = version_of(model);
  return {.adaptive = version >= 406, .no_sampling = version >= 407, .one_of_both = version >= 401};
}

}  // namespace llmgw::dialects
