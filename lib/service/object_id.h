#pragma once

#include <optional>
#include <string>

#include "dialects/request.h"

namespace llmgw::service {

// The id of a provider's object that a request names: in its path ("/files/ID/content"), or in its body
// (`input_file_id`, `previous_response_id`, `conversation`). None: it names none.
std::optional<std::string> named_object(const dialects::Request&);

// Whether the call makes an object that later calls name by the reply's `id`.
bool creates_object(const dialects::Request&);

}  // namespace llmgw::service
