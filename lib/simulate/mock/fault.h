#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace llmgw::simulate {

// How a mocked request goes wrong.
struct Fault {
  enum class Kind : uint8_t {
    none,
    status,       // an error of the vendor's, with its status
    hang,         // no byte ever comes
    reset,        // the connection breaks before the head
    cut,          // half of the answer, then the connection breaks
    first_error,  // 200, then an error in place of the first content
    html,         // a web page with status 200
    malformed,    // 200 with JSON that ends early
    empty,        // 200 without an answer in it
    redirect,     // 307 to somewhere else
  };
  // What an error says beyond its status.
  enum class Reason : uint8_t { plain, quota, context_length, content_filter, refused_key, unknown_model };

  Kind kind = Kind::none;
  int status = 0;
  Reason reason = Reason::plain;

  explicit operator bool() const { return kind != Kind::none; }
};

// "429", "hang", "first-error", an error class such as "overloaded", …; none for any other word.
std::optional<Fault> parse_fault(std::string_view word);
// All the words, for messages: "400, 401, …".
std::string fault_words();

// An error as one vendor puts it.
struct Refusal {
  int status = 500;
  Fault::Reason reason = Fault::Reason::plain;
  std::string model;                    // that was asked for
  std::string message;                  // instead of the vendor's own words
  std::string param;                    // the field at fault
  std::optional<Duration> retry_after;  // 429 and 503
};

}  // namespace llmgw::simulate
