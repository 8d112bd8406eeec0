#include "plugins/log/attempt_log.h"

namespace llmgw::plugins {

Verdict AttemptLog::after(Attempt& attempt, const Ending& ending) {
  if (attempt.will_call && !attempt.record.from_cache()) note(attempt, ending);
  return Pass{};
}

void AttemptLog::note(const Attempt& attempt, const Ending& ending) {
  if (ending.failure == nullptr) {
    // Nothing fails, as a rule: no lock for that.
    if (troubled_.load(std::memory_order_relaxed) == 0) return;
    const std::string target = attempt.target.name();
    const std::lock_guard guard(lock_);
    if (trouble_.erase(target) == 0) return;
    troubled_ = trouble_.size();
    log_.info("answers again", {{"target", target}});
    return;
  }
  const Error& error = ending.failure->error;
  if (error.error_class == ErrorClass::cancelled || error.error_class == ErrorClass::bad_request) return;
  const std::string target = attempt.target.name();
  int64_t more = 0;
  observe::Level level = observe::Level::debug;
  {
    const std::lock_guard guard(lock_);
    auto [it, first] = trouble_.try_emplace(target, Trouble{clock_.now(), 0});
    troubled_ = trouble_.size();
    if (first || clock_.now() - it->second.told >= kQuiet) {
      level = observe::Level::warn;
      more = it->second.untold;
      it->second = {clock_.now(), 0};
    } else {
      ++it->second.untold;
    }
  }
  if (!log_.enabled(level)) return;
  log_.write(level, ending.cut ? "a stream broke off" : "an attempt failed",
             {{"target", target},
              {"key", attempt.record.key.empty() ? "none" : std::string_view(attempt.record.key)},
              {"class", llmgw::name(error.error_class)},
              {"status", std::to_string(attempt.record.status)},
              {"message", error.message},
              {"untold", std::to_string(more)}});
}

}  // namespace llmgw::plugins
