#pragma once

#include <map>
#include <mutex>
#include <string>

#include "observe/log.h"
#include "plugins/plugin.h"

namespace llmgw::plugins {

// Says in the process's log which targets fail, and that they answer again: the first failure of a
// target, then at most one line in ten seconds with how many there were, each at debug level. What is
// told never holds a request's content.
class AttemptLog final : public Plugin {
 public:
  // Both outlive the plugin.
  AttemptLog(observe::Log& log, const Clock& clock) : log_(log), clock_(clock) {}

  std::string_view name() const override { return "log"; }
  bool may_be_missed() const override { return true; }
  Verdict after(Attempt&, const Ending&) override;

 private:
  void note(const Attempt&, const Ending&);

  struct Trouble {
    TimePoint told;
    int64_t untold = 0;  // failures since
  };
  static constexpr Duration kQuiet = 10s;

  observe::Log& log_;
  const Clock& clock_;
  std::mutex lock_;                                      // guards trouble_
  std::map<std::string, Trouble, std::less<>> trouble_;  // of targets that fail
  std::atomic<size_t> troubled_{0};
};

}  // namespace llmgw::plugins
