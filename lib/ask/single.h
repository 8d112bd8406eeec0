#pragma once

#include "ask/options.h"

namespace llmgw::ask {

// `ask`: one question; the answer, and nothing else, on standard output. Gives the exit code; -1: the reader
// of standard output has left, and the process is to end as SIGPIPE would have it.
int ask_single(const Options&, const Surroundings&);

}  // namespace llmgw::ask
