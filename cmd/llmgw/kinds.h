#pragma once

#include <string>

#include "observe/table.h"

namespace llmgw::cmd {

// The catalog's kinds of provider, as a table or as JSON with all that a row holds.
std::string kinds_table(const observe::Look& look);
std::string kinds_json();

}  // namespace llmgw::cmd
