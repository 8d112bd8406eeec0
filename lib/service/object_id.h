#pragma once

#include <optional>
#include <string>

#include "dialects/request.h"

namespace llmgw::service {

// The id of a provider's object that a request names: in its path ("/files/ID/content"; not
// "/responses/compact", which is a call of its own), or in its body (`input_file_id`,
// `previous_response_id`, `conversation`). None: it names none.
std::optional<std::string> named_object(const dialects::Request&);

// Whether the reply gives out ids that later calls may name: the call makes, reads or lists objects.
bool gives_out_ids(const dialects::Request&);

}  // namespace llmgw::service
