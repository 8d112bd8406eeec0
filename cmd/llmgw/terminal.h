#pragma once

#include <string>
#include <string_view>

#include "observe/table.h"

namespace llmgw::cmd {

// How to show tables on `fd`: colours and the terminal's width on a terminal (no colours with NO_COLOR,
// https://no-color.org, or TERM=dumb), plain and unbounded into a file or pipe.
observe::Look look_of(int fd);

// Writes to standard output. When nobody reads it any more the process ends as any filter does, by SIGPIPE.
// False: it could not be written, and stderr says why.
bool print(std::string_view text);

// Ends the process as an unhandled SIGPIPE would.
[[noreturn]] void end_by_sigpipe();

// Standard input to its end; "" when it is a terminal or closed.
std::string read_piped_input();
// The same from a terminal too, for "-".
std::string read_input();

}  // namespace llmgw::cmd
