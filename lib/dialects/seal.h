#pragma once

#include <string>
#include <string_view>

#include "dialects/conversation.h"

namespace llmgw::dialects {

// A seal in the opaque field of a dialect whose vendor is `field`: as it is when it is that vendor's own,
// else marked as another's, so that it comes back to us with the conversation and no store is needed. What is
// marked is base64, which is what Gemini's field must be.
std::string sealed_for(Issuer field, const Seal& seal);

// The reverse: what stands in such a field, and whose it is.
Seal seal_in(Issuer field, std::string_view text);

// Whether a body holds a seal that we marked: it cannot go to its dialect's vendor as it stands.
bool has_marked_seal(std::string_view body);

// Who seals what a provider's model says; `kind` and `model` as in the catalog and on its wire.
Issuer issuer_of(std::string_view kind, std::string_view model);

}  // namespace llmgw::dialects
