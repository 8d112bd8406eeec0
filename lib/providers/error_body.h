#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/time.h"
#include "net/headers.h"

namespace llmgw::providers {

// What an error reply says, whatever its shape: OpenAI's, Anthropic's and Google's objects, {"error":
// "text"},
// {"message", "type"}, {"detail"}, {"code", "reason", "message"}, AWS's header and body, HTML, plain text.
struct ErrorBody {
  std::string message;
  std::string code, type, param;
  std::string reason;  // a second code: Google's ErrorInfo, Azure's innererror, OpenRouter's error_type
  std::string nested;  // what a router says that its own upstream said
  std::optional<Duration> retry_after;  // Google's RetryInfo and what others put into the body
  bool is_error = false;                // it has the shape of an error object
};

// Reads the error in a reply's body; never fails. Only the first MiB is looked at.
ErrorBody read_error_body(const net::Headers& headers, std::string_view body);

// Reads an error from a JSON value: a body, an event, or the error object itself.
ErrorBody read_error_value(json::Value value);

}  // namespace llmgw::providers
