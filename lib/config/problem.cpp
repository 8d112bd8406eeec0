#include "config/problem.h"

#include <algorithm>

namespace llmgw::config {

bool any_error(const std::vector<Problem>& problems) {
  return std::ranges::any_of(problems, [](const Problem& p) { return !p.warning; });
}

std::string format(const Problem& problem, std::string_view path) {
  std::string out(path);
  if (problem.at.line > 0) {
    out += ":" + std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column);
  }
  out += problem.warning ? ": warning: " : ": ";
  return out + problem.message;
}

}  // namespace llmgw::config
