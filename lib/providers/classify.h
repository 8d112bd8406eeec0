#pragma once

#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "net/headers.h"
#include "providers/provider.h"

namespace llmgw::providers {

// A provider's error reply as an Error of the one taxonomy: its class, status, the provider's own code, type,
// param and message (without keys, shortened), and how long it asks to wait. The class is what the config's
// [[errors]] say, else the catalog's rules for the kind, else those for all. A parameter that the target does
// not take is bad_request with the code "unsupported_parameter". `status` is not 2xx, or the body holds an
// error object.
Error classify(const Provider& provider, int status, const net::Headers& headers, std::string_view body,
               WallTime now);

// The same without a config: by kind only, nothing scrubbed.
Error classify(const Row& row, int status, const net::Headers& headers, std::string_view body, WallTime now);

// An error object within a 200 or as a stream's first event: the body or event, or the error object itself.
// Its class is that of its own code; invalid_response when we do not know it. The status is the one that its
// code is or stands for.
Error classify_object(const Provider& provider, json::Value object);
Error classify_object(const Row& row, json::Value object);

// Whether a reply's body or a stream's event is an error in place of an answer: {"error": …} that is not
// null,
// {"object": "error"}, {"type": "error"}, or a list of such.
bool is_error_object(json::Value body);

}  // namespace llmgw::providers
