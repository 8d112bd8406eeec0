#pragma once

#include <string>
#include <string_view>

namespace llmgw::ask {

// `text` for a terminal: without the control characters (C0 but tab and newline, DEL, C1) by which an answer
// could move the cursor, set the title or type for the user.
std::string for_terminal(std::string_view text);

// Standard output of a filter: what it is given is written at once, and never blocks a signal out.
class Output {
 public:
  // `fd` and `signal_fd` stay the caller's; `signal_fd` below 0: there is none.
  Output(int fd, int signal_fd) : fd_(fd), signal_fd_(signal_fd) {}

  // False: it could not be written whole, see state().
  bool write(std::string_view bytes);

  enum class State : unsigned char {
    good,
    closed,       // nobody reads the other end: time to end, silently
    interrupted,  // a signal came while the reader was slow
    failed,       // errno says why: a full disk
  };
  State state() const { return state_; }
  int error() const { return error_; }
  // What was written last did not end a line.
  bool mid_line() const { return mid_line_; }

 private:
  int fd_, signal_fd_;
  State state_ = State::good;
  int error_ = 0;
  bool mid_line_ = false;
};

}  // namespace llmgw::ask
