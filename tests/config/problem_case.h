#pragma once

#include <string>
#include <vector>

namespace llmgw::config {

// A case of bad_configs.txt.
struct ProblemCase {
  std::string title;
  std::string text;
  std::string problems;  // a line each, "line:column: message"
};

std::vector<ProblemCase> problem_cases();

// The whole of a file of the repository, by its path there.
std::string source_file(const std::string& path);

}  // namespace llmgw::config
