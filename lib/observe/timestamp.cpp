#include "observe/timestamp.h"

#include <cstdio>

namespace llmgw::observe {

std::string timestamp(WallTime t) {
  using namespace std::chrono;
  const auto whole_days = floor<days>(t);
  const year_month_day date(whole_days);
  const hh_mm_ss time(floor<milliseconds>(t - whole_days));
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return text;
}

}  // namespace llmgw::observe
