#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "providers/error_body.h"

namespace llmgw::providers {

// What the rules make of an error.
struct Verdict {
  ErrorClass error_class;
  bool unsupported = false;  // a parameter that this target does not take: another may
};

// The tables' word on an error reply. `status`: HTTP's; 0 for an error within a 200. In this order: what is
// known of that kind of provider, codes that mean the same everywhere, wordings, then the status; none only
// for status 0.
std::optional<Verdict> judge(std::string_view kind, int status, const ErrorBody& body);

}  // namespace llmgw::providers
