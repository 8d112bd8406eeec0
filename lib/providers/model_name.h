#pragma once

#include <string>
#include <string_view>

namespace llmgw::providers {

// The name under which the same model is known everywhere: vendors, regions, dates, number formats and the
// suffixes of serving (-instruct, -turbo, -fp8) taken off, so that
// "accounts/fireworks/models/llama-v3p3-70b-instruct", "meta-llama/Llama-3.3-70B-Instruct-Turbo" and
// "us.meta.llama3-3-70b-instruct-v1:0" are all "llama-3.3-70b". Lower case. A name it does not understand
// comes back in lower case without its path.
std::string canonical_model(std::string_view model);

}  // namespace llmgw::providers
