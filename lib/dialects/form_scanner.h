#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialects/request.h"

namespace llmgw::dialects {

// Finds the fields of a multipart/form-data body (RFC 7578) that the gateway acts on: `model`, `fallbacks`,
// `fallback_on`, `stream`. The body comes piece by piece; no more of it is kept than a part's head, or the
// value of such a field. Sans-IO.
class FormScanner {
 public:
  // Errors of all: bad_request. This one: the Content-Type names no boundary.
  static Result<FormScanner> make(std::string_view content_type);
  Result<void> feed(std::string_view bytes);
  // The body has ended: its fields, in their order.
  Result<std::vector<FormField>> finish();

 private:
  enum class At { preamble, delimiter, head, value, end };
  explicit FormScanner(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)) {}
  // Takes one step in pending_; false when it needs more.
  Result<bool> step();
  bool take_preamble();
  bool take_delimiter();
  Result<bool> take_head();
  Result<bool> take_value();
  void drop(size_t n);

  std::string delimiter_;  // CR LF before it included
  At at_ = At::preamble;
  std::string pending_;  // seen, not dropped
  uint64_t offset_ = 0;  // of pending_ in the body
  FormField field_;      // of the part that is being read
  bool wanted_ = false;  // it is one of those looked for
  size_t parts_ = 0;
  std::vector<FormField> found_;
};

}  // namespace llmgw::dialects
