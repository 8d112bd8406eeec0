#include "providers/scrub.h"

#include <algorithm>

namespace llmgw::providers {

std::string scrub(std::string_view text, const std::vector<std::string_view>& secrets) {
  std::vector<std::string_view> longest_first = secrets;
  std::ranges::sort(longest_first, std::ranges::greater{}, &std::string_view::size);
  std::string out(text);
  for (std::string_view secret : longest_first) {
    if (secret.size() < 6) continue;
    for (size_t at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
      out.replace(at, secret.size(), "***");
  }
  return out;
}

}  // namespace llmgw::providers
