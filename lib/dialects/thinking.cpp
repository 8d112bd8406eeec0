#include "dialects/thinking.h"

namespace llmgw::dialects {

int64_t budget_of(std::string_view effort) {
  if (effort == "none") return 0;
  if (effort == "minimal" || effort == "low") return 1024;
  if (effort == "high") return 24'576;
  if (effort == "xhigh" || effort == "max") return 49'152;
  return 8192;
}

std::string_view effort_of(int64_t budget) {
  if (budget <= 0) return "none";
  if (budget <= 1024) return "low";
  if (budget <= 8192) return "medium";
  return "high";
}

}  // namespace llmgw::dialects
