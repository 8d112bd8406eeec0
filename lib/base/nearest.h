#pragma once

#include <span>
#include <string>
#include <string_view>

namespace llmgw {

// The candidate closest to `word` (Damerau-Levenshtein, case-insensitive), or "" when none is within a third
// of its length. For "unknown key 'lisen'; did you mean 'listen'?".
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace llmgw
