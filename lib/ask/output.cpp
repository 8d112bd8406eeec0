#include "ask/output.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace llmgw::ask {

std::string for_terminal(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) {
      ++i;  // U+0080 to U+009F
    } else if ((c >= 0x20 && c != 0x7f) || c == '\n' || c == '\t') {
      out += text[i];
    }
  }
  return out;
}

bool Output::write(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::good) {
    pollfd ready[] = {{fd_, POLLOUT, 0}, {signal_fd_, POLLIN, 0}};
    if (::poll(ready, signal_fd_ < 0 ? 1 : 2, -1) < 0 && errno != EINTR) {
      state_ = State::failed, error_ = errno;
      break;
    }
    if (ready[0].revents == 0) {
      if (ready[1].revents != 0) state_ = State::interrupted;
      continue;
    }
    // A pipe that polls writable takes PIPE_BUF bytes without blocking (pipe(7)).
    const ssize_t n = ::write(fd_, bytes.data(), std::min<size_t>(bytes.size(), PIPE_BUF));
    if (n > 0) {
      mid_line_ = bytes[static_cast<size_t>(n) - 1] != '\n';
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
      state_ = errno == EPIPE ? State::closed : State::failed;
      error_ = errno;
    }
  }
  return state_ == State::good;
}

}  // namespace llmgw::ask
