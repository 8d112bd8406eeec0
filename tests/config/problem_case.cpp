#include "tests/config/problem_case.h"

#include <fstream>
#include <sstream>

namespace llmgw::config {

std::string source_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<ProblemCase> problem_cases() {
  std::vector<ProblemCase> cases;
  std::istringstream in(source_file("tests/config/bad_configs.txt"));
  bool expected = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#### ")) {
      cases.push_back({.title = line.substr(5), .text = {}, .problems = {}});
      expected = false;
    } else if (line == "=>") {
      expected = true;
    } else if (!cases.empty()) {
      (expected ? cases.back().problems : cases.back().text) += line + "\n";
    }
  }
  return cases;
}

}  // namespace llmgw::config
