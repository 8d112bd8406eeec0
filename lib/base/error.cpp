#include "base/error.h"

#include <array>

namespace llmgw {
namespace {

struct Row {
  std::string_view name;
  int status;
};

// In the order of ErrorClass.
constexpr std::array<Row, kErrorClasses> kRows{{
    {"network", 502},
    {"timeout", 504},
    {"rate_limit", 429},
    {"quota", 402},
    {"overloaded", 503},
    {"server_error", 500},
    {"auth", 401},
    {"model_unavailable", 404},
    {"invalid_response", 502},
    {"context_length", 400},
    {"content_filter", 400},
    {"bad_request", 400},
    {"budget", 402},
    {"policy", 403},
    {"cancelled", 499},
}};

}  // namespace

std::string_view name(ErrorClass c) {
  return kRows[static_cast<size_t>(c)].name;
}

std::optional<ErrorClass> error_class(std::string_view wanted) {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == wanted) return static_cast<ErrorClass>(i);
  }
  return std::nullopt;
}

int default_status(ErrorClass c) {
  return kRows[static_cast<size_t>(c)].status;
}

}  // namespace llmgw
