#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace llmgw::ask {

// What stands in the last fenced code block of a Markdown text (CommonMark 0.31, 4.5: ``` or ~~~, indented
// by up to three spaces; one that is never closed ends with the text). None: there is no block.
std::optional<std::string> last_code_block(std::string_view markdown);

}  // namespace llmgw::ask
