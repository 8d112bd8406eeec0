#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace llmgw::providers {

// `text` with every value of `secrets` replaced by "***". Values below six characters stay: they are no keys,
// and would tear words apart.
std::string scrub(std::string_view text, const std::vector<std::string_view>& secrets);

}  // namespace llmgw::providers
