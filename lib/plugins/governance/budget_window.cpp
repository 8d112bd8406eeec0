#include "plugins/governance/budget_window.h"

#include <date/tz.h>

#include <stdexcept>

namespace llmgw::plugins {
namespace {

// nullptr: UTC.
const date::time_zone* zone_of(const std::string& name) {
  if (name == "UTC") return nullptr;
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

// When that day begins.
WallTime begin_of(date::local_days day, const date::time_zone* zone) {
  using Seconds = std::chrono::seconds;
  if (zone == nullptr) return WallTime{Seconds{day.time_since_epoch()}};
  const auto begin = zone->to_sys(date::local_seconds{day}, date::choose::earliest);
  return WallTime{begin.time_since_epoch()};
}

}  // namespace

store::Window window_of(const config::Budget& budget, WallTime now) {
  if (budget.window) {
    const auto since = now.time_since_epoch();
    auto begin = since - since % *budget.window;
    if (since < Duration{}) begin -= *budget.window;
    return {WallTime{begin}, WallTime{begin + *budget.window}};
  }
  const auto* zone = zone_of(budget.zone);
  const auto seconds = date::floor<std::chrono::seconds>(now);
  const auto local =
      zone != nullptr ? zone->to_local(seconds) : date::local_seconds{seconds.time_since_epoch()};
  const auto today = date::floor<date::days>(local);
  if (budget.per == "month") {
    const date::year_month_day day{today};
    const auto month = day.year() / day.month();
    const auto next = month + date::months{1};
    return {begin_of(date::local_days{month / 1}, zone), begin_of(date::local_days{next / 1}, zone)};
  }
  if (budget.per == "week") {
    const auto monday = today - (date::weekday{today} - date::Monday);
    return {begin_of(monday, zone), begin_of(monday + date::days{7}, zone)};
  }
  return {begin_of(today, zone), begin_of(today + date::days{1}, zone)};
}

}  // namespace llmgw::plugins
