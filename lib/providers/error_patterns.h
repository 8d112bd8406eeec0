#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/config.h"

namespace re2 {
class RE2;
}

namespace llmgw::providers {

// A config's [[providers.X.errors]], compiled once.
struct ErrorPatterns {
  struct Rule {
    std::optional<int> status;
    std::unique_ptr<re2::RE2> match;  // null: any body
    ErrorClass error_class;
  };

  ErrorPatterns();
  ~ErrorPatterns();
  // Fails on a pattern that RE2 refuses, naming its line.
  static Result<std::unique_ptr<ErrorPatterns>> compile(const std::vector<config::ErrorRule>& rules);
  // The class of the first rule that matches. Reads the first 64 KiB of the body.
  std::optional<ErrorClass> match(int status, std::string_view body) const;

  std::vector<Rule> rules;
};

}  // namespace llmgw::providers
