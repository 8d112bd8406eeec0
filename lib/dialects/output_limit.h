#pragma once

#include <string>

#include "base/json.h"
#include "dialects/dialect.h"

namespace llmgw::dialects {

// Whether a request in that dialect can say how long its answer may be.
bool can_limit_output(Dialect d);

// `body`, a JSON object in dialect `d`, with a limit to its answer of so many tokens. `kind` is the
// provider's, in the catalog: OpenAI's own have another name for it in chat completions than those who speak
// it after them. Thoughts that were to be longer than the limit are left out. In a dialect that cannot the
// body stays as it is.
std::string with_output_limit(Dialect d, std::string_view kind, json::Value body, int64_t tokens);

}  // namespace llmgw::dialects
