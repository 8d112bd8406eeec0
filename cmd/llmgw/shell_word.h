#pragma once

#include <string>
#include <string_view>

namespace llmgw::cmd {

// `text` as one word for a POSIX shell (or zsh), in single quotes.
inline std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace llmgw::cmd
