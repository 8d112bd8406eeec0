#include "config/live.h"

#include <cassert>

namespace llmgw::config {

Live::Live(Loaded first, Loader load)
    : load_(std::move(load)),
      current_(std::move(first.config)),
      files_(std::move(first.files)),
      read_at_(first.read_at) {
  assert(current_);
}

std::shared_ptr<const Config> Live::current() const {
  std::lock_guard lock(current_mutex_);
  return current_;
}

std::vector<std::string> Live::files() const {
  std::lock_guard lock(current_mutex_);
  return files_;
}

WallTime Live::read_at() const {
  std::lock_guard lock(current_mutex_);
  return read_at_;
}

Reload Live::reload() {
  std::lock_guard one_at_a_time(reloading_);
  const auto before = current();
  Loaded loaded = load_();
  Reload result{.config = loaded.config ? loaded.config : before,
                .applied = loaded.config != nullptr,
                .problems = std::move(loaded.problems),
                .need_replace = {}};
  {
    std::lock_guard lock(current_mutex_);
    current_ = result.config;
    // A refused file may be mended in one that it names: those are watched too.
    files_ = std::move(loaded.files);
    read_at_ = loaded.read_at;
  }
  if (result.applied) {
    result.need_replace = need_replace(*before, *result.config);
    version_.fetch_add(1, std::memory_order_release);
  }
  for (const auto& subscriber : subscribers_) subscriber(result);
  return result;
}

void Live::subscribe(Subscriber subscriber) {
  std::lock_guard lock(reloading_);
  subscribers_.push_back(std::move(subscriber));
}

std::vector<std::string> need_replace(const Config& before, const Config& after) {
  std::vector<std::string> keys;
  if (before.server.listen != after.server.listen) keys.emplace_back("server.listen");
  if (before.server.data_dir != after.server.data_dir) keys.emplace_back("server.data_dir");
  if (before.cluster_redis != after.cluster_redis || before.on_store_loss != after.on_store_loss) {
    keys.emplace_back("cluster");
  }
  return keys;
}

}  // namespace llmgw::config
