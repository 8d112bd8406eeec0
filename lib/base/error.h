#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace llmgw {

// The one taxonomy of what can go wrong with a call (docs: "Error classes"). Every
// provider's errors, and our own, are mapped to it.
enum class ErrorClass : uint8_t {
  network,
  timeout,
  rate_limit,
  quota,
  overloaded,
  server_error,
  auth,
  model_unavailable,
  invalid_response,
  context_length,
  content_filter,
  bad_request,
  budget,
  policy,
  cancelled,
};
inline constexpr int kErrorClasses = 15;

// The name used in configs, logs, metrics and `extra_fields`: "rate_limit".
std::string_view name(ErrorClass);
std::optional<ErrorClass> error_class(std::string_view name);

// The status a client sees for an error of ours that has none of its own.
int default_status(ErrorClass);

// A failure, built where the facts are. Values are owned.
struct Error {
  ErrorClass error_class = ErrorClass::bad_request;
  int status = 0;       // HTTP status for the client; 0: default_status(error_class)
  std::string message;  // what went wrong, where, what to do
  std::string code;     // machine-readable: the provider's own, or ours ("budget_exceeded")
  std::string type;     // the OpenAI dialect's `type`; empty: chosen from the class
  std::string param;    // the field at fault, a path into the body; empty: none
  std::optional<Duration> retry_after;

  int http_status() const { return status != 0 ? status : default_status(error_class); }
};

template <typename T>
using Result = std::expected<T, Error>;

// Fail(ErrorClass::network, "connection refused") as a return value of any Result<T>.
inline std::unexpected<Error> fail(ErrorClass error_class, std::string message, int status = 0) {
  Error error;
  error.error_class = error_class;
  error.message = std::move(message);
  error.status = status;
  return std::unexpected(std::move(error));
}

inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace llmgw
