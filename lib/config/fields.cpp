#include "config/fields.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::config {

std::optional<Cursor> Fields::take(std::string_view key) {
  known_.push_back(key);
  const auto* member = cursor_->node().find(key);
  if (!member) return std::nullopt;
  return cursor_->member(*member);
}

void Fields::required(std::string_view key) {
  if (has(key)) return;
  cursor_->wrong("'" + std::string(key) + "' is missing");
}

void Fields::wrong(std::string_view key, std::string_view message) {
  if (!cursor_) return;
  if (key.empty()) return cursor_->wrong(message);
  const auto* member = cursor_->node().find(key);
  cursor_->session().error(member ? member->value.at : cursor_->node().at, join(cursor_->path(), key),
                           message);
}

void Fields::warn(std::string_view key, std::string_view message) {
  if (!cursor_) return;
  const auto* member = cursor_->node().find(key);
  cursor_->session().warning(member ? member->value.at : cursor_->node().at, join(cursor_->path(), key),
                             message);
}

void Fields::finish() {
  if (!cursor_) return;
  for (const auto& member : cursor_->node().members) {
    if (std::ranges::find(known_, member.key) != known_.end()) continue;
    const auto hint = did_you_mean(member.key, known_);
    cursor_->session().error(member.at, cursor_->path(),
                             "unknown key '" + shortened(member.key, 80) + "'" + hint);
  }
}

}  // namespace llmgw::config
