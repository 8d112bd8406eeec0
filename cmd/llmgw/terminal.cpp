#include "terminal.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "ask/output.h"
#include "command.h"

namespace llmgw::cmd {

observe::Look look_of(int fd) {
  observe::Look look;
  if (isatty(fd) == 0) return look;
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) == 0) look.width = size.ws_col;
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  look.colour =
      (no_colour == nullptr || *no_colour == '\0') && (term == nullptr || std::strcmp(term, "dumb") != 0);
  return look;
}

bool print(std::string_view text) {
  ask::Output output(STDOUT_FILENO, -1);
  if (output.write(text)) return true;
  if (output.state() == ask::Output::State::closed) end_by_sigpipe();
  complain(std::string("cannot write to standard output: ") + std::strerror(output.error()), kFailed);
  return false;
}

void end_by_sigpipe() {
  signal(SIGPIPE, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  raise(SIGPIPE);
  _exit(128 + SIGPIPE);
}

std::string read_piped_input() {
  return isatty(STDIN_FILENO) != 0 ? "" : read_input();
}

std::string read_input() {
  std::string bytes;
  char block[1 << 16];
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return bytes;
    bytes.append(block, static_cast<size_t>(n));
  }
}

}  // namespace llmgw::cmd
