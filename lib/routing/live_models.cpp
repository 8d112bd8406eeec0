#include "routing/live_models.h"

#include <algorithm>

namespace llmgw::routing {

LiveModels::List LiveModels::of(std::string_view provider) const {
  const std::lock_guard guard(lock_);
  const auto found = entries_.find(provider);
  return found == entries_.end() ? nullptr : found->second.models;
}

bool LiveModels::has(std::string_view provider, std::string_view model) const {
  const List list = of(provider);
  return list != nullptr && std::ranges::binary_search(*list, model);
}

bool LiveModels::claim(std::string_view provider, TimePoint now, Duration fresh) {
  const std::lock_guard guard(lock_);
  const auto found = entries_.find(provider);
  if (found == entries_.end()) {
    entries_.emplace(provider, Entry{.models = nullptr, .asked = now});
    return true;
  }
  Entry& entry = found->second;
  if (now - entry.asked < (entry.failed ? kPatience : fresh)) return false;
  entry.asked = now;
  entry.failed = false;
  return true;
}

void LiveModels::told(std::string_view provider, std::vector<std::string> models) {
  std::ranges::sort(models);
  models.erase(std::ranges::unique(models).begin(), models.end());
  auto list = std::make_shared<const std::vector<std::string>>(std::move(models));
  const std::lock_guard guard(lock_);
  if (const auto found = entries_.find(provider); found != entries_.end())
    found->second.models = std::move(list);
}

void LiveModels::failed(std::string_view provider, TimePoint now) {
  const std::lock_guard guard(lock_);
  const auto found = entries_.find(provider);
  if (found == entries_.end()) return;
  found->second.asked = now;
  found->second.failed = true;
}

}  // namespace llmgw::routing
