#pragma once

#include "ask/options.h"

namespace llmgw::ask {

// `ask --jsonl`: a prompt a line, options.parallel at once, a row for each in the lines' order: {"id",
// "answer", "model", "fallback", "usage", "cost_usd", "trail"}, and "error": {"class", "message"} where there
// is no answer. With -O FILE it goes on where an interrupted run of the same input stopped. Gives the exit
// code; -1 as ask_single.
int ask_batch(const Options&, const Surroundings&);

}  // namespace llmgw::ask
