#pragma once

#include "dialects/request.h"

namespace llmgw::dialects {

// Reads `model` and `fallbacks` (repeated or comma-separated) out of a multipart/form-data body
// (RFC 7578), wherever they stand in it. Errors: bad_request.
Result<void> read_multipart(std::string_view content_type, Request&);

// The body with another model and without the gateway's own fields; as it came when nothing differs.
std::string edit_multipart(const Request&, std::string_view model);

}  // namespace llmgw::dialects
