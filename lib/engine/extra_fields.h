#pragma once

#include <string>

#include "base/json_writer.h"
#include "config/config.h"
#include "observe/record.h"

namespace llmgw::engine {

// The JSON of `extra_fields` (docs: "The reply"): who answered and the whole trail. `winner` is an
// attempt of `record`, or nullptr when nobody answered. Empty when `level` is off.
std::string extra_fields_json(const observe::RequestRecord& record, const observe::AttemptRecord* winner,
                              Duration latency, config::ExtraFields level);

}  // namespace llmgw::engine
