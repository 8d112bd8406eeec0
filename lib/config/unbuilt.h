#pragma once

#include <optional>
#include <string_view>

#include "config/cursor.h"

namespace llmgw::config {

// What the grammar knows and the binary cannot do: an error at each place where the file
// asks for it. The one table is in unbuilt.cpp; building a part means deleting its row.
void refuse_unbuilt(const Node& root, Session&);

// What is missing for a path of that table ("vault"); none when it is built.
std::optional<std::string_view> unbuilt(std::string_view path);

}  // namespace llmgw::config
