#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace llmgw::cmd {

// A command that runs beside us, in our terminal and process group.
class ChildProcess {
 public:
  // Blocks SIGCHLD and the signals that wait() handles, but for those that the process ignores (nohup): call
  // it before other threads are started.
  static void block_signals();
  // Starts `command` (looked for in $PATH) with our environment and `variables` on top of it, and with no
  // signal blocked. Errors: bad_request, whose status is the errno.
  static Result<ChildProcess> start(const std::vector<std::string>& command,
                                    const std::vector<std::pair<std::string, std::string>>& variables);

  // Waits for its end and forwards what we are sent meanwhile (HUP, INT, QUIT, TERM, USR1, USR2); what the
  // terminal sends, it got itself. Gives its exit code, or 128 + the signal that ended it.
  int wait() const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

}  // namespace llmgw::cmd
