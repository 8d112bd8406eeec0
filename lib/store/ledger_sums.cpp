#include "store/ledger_sums.h"

#include <algorithm>

namespace llmgw::store {

void LedgerSums::restore(uint32_t account, const Window& window, NanoUsd spent) {
  if (accounts_.size() <= account) accounts_.resize(account + 1);
  accounts_[account].push_back({.window = window, .spent = spent.value});
}

LedgerSums::Sum& LedgerSums::sum(uint32_t account, const Window& window, WallTime now) {
  if (accounts_.size() <= account) accounts_.resize(account + 1);
  auto& sums = accounts_[account];
  for (auto& one : sums) {
    if (one.window == window) return one;
  }
  Sum fresh{.window = window};
  for (const auto& one : sums) {
    if (one.window.begin >= window.begin && one.window.end <= window.end) fresh.spent += one.spent;
  }
  if (fresh.spent != 0) carried_.push_back({account, window, {fresh.spent}});
  std::erase_if(sums, [&](const Sum& s) { return s.window.end <= now; });
  return sums.emplace_back(fresh);
}

std::optional<Shortage> LedgerSums::take(std::span<const Level> levels, NanoUsd amount, WallTime now) {
  std::optional<Shortage> shortage;
  int64_t room = INT64_MAX, tightest = INT64_MAX;
  bool spent_out = false;
  for (size_t i = 0; i < levels.size(); ++i) {
    const Sum& at = sum(levels[i].account, levels[i].window, now);
    const int64_t unspent = levels[i].limit.value - at.spent;
    const int64_t left = unspent - at.reserved;
    room = std::min(room, left);
    if (amount.value <= left) continue;
    spent_out = spent_out || amount.value > unspent;
    if (shortage && left >= tightest) continue;
    tightest = left;
    shortage = Shortage{.level = i, .spent = {at.spent}, .reserved = {at.reserved}};
  }
  if (shortage) {
    shortage->why = spent_out ? Shortage::Why::spent : Shortage::Why::held;
    shortage->room = {std::max<int64_t>(room, 0)};
    return shortage;
  }
  for (const auto& level : levels) sum(level.account, level.window, now).reserved += amount.value;
  return std::nullopt;
}

void LedgerSums::settle(uint32_t account, const Window& window, NanoUsd reserved, NanoUsd actual) {
  if (accounts_.size() <= account) return;
  for (auto& one : accounts_[account]) {
    if (one.window != window) continue;  // the window of an old call is over, or was given up
    one.reserved -= reserved.value;
    one.spent += actual.value;
  }
}

Balance LedgerSums::balance(uint32_t account, const Window& window) const {
  if (accounts_.size() <= account) return {};
  for (const auto& one : accounts_[account]) {
    if (one.window == window) return {{one.spent}, {one.reserved}};
  }
  return {};
}

}  // namespace llmgw::store
