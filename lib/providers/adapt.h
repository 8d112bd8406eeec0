#pragma once

#include "base/json_edit.h"
#include "providers/catalog.h"

namespace llmgw::providers {

// Renames or drops the request fields that a provider refuses in openai-chat (Quirks::fields).
void adapt(const Quirks&, json::Value body, json::Edit&);

}  // namespace llmgw::providers
