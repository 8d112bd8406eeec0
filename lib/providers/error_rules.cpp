#include "providers/error_rules.h"

#include <array>

#include "base/text.h"
#include "providers/error_tables.h"

namespace llmgw::providers {
namespace {

struct Words {
  std::array<std::string, 3> codes;  // code, type, reason, in lower case
  std::string text;                  // the message and what is nested in it, in lower case
};

Words words_of(const ErrorBody& body) {
  auto low = [](std::string_view s) { return to_lower(s.substr(0, 4096)); };
  return {{low(body.code), low(body.type), low(body.reason)}, low(body.message) + "\n" + low(body.nested)};
}

bool has_code(const Words& w, std::string_view code) {
  for (const std::string& c : w.codes) {
    if (c == code) return true;
  }
  return false;
}

bool says(const Words& w, std::string_view text) {
  return w.text.find(text) != std::string::npos;
}

std::optional<Verdict> by_kind(std::string_view kind, int status, const Words& w) {
  for (const KindRule& r : kind_rules()) {
    if (r.kind != kind || (r.status != 0 && r.status != status)) continue;
    if (!r.code.empty() && !has_code(w, r.code)) continue;
    if (!r.text.empty() && !says(w, r.text)) continue;
    return Verdict{r.error_class, r.unsupported};
  }
  return std::nullopt;
}

std::optional<Verdict> by_code(const Words& w, bool weak) {
  for (const std::string& c : w.codes) {
    if (c.empty()) continue;
    for (const CodeRule& r : code_rules()) {
      if (r.code == c && (weak || !r.weak)) return Verdict{r.error_class, r.unsupported};
    }
  }
  return std::nullopt;
}

std::optional<Verdict> by_text(int status, const Words& w) {
  for (const TextRule& r : text_rules()) {
    const bool applies = status == 0 || r.when == When::any || (r.when == When::refused && status < 500) ||
                         (r.when == When::bad && (status == 400 || status == 422 || status == 404));
    if (applies && says(w, r.text) && (r.also.empty() || says(w, r.also))) {
      return Verdict{r.error_class, r.unsupported};
    }
  }
  return std::nullopt;
}

Verdict by_status(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407: return {ErrorClass::auth};
    case 402: return {ErrorClass::quota};
    case 404:
    case 410: return {ErrorClass::model_unavailable};
    case 408:
    case 504: return {ErrorClass::timeout};
    case 429: return {ErrorClass::rate_limit};
    case 498: return {ErrorClass::auth};          // Cohere: invalid token (cohere-python, InvalidTokenError)
    case 424:                                     // Bedrock: the model failed
    case 499: return {ErrorClass::server_error};  // Cohere, Groq: they cancelled it, not we
    case 503:
    case 529: return {ErrorClass::overloaded};
    default: break;
  }
  if (status >= 500) return {ErrorClass::server_error};
  if (status >= 400) return {ErrorClass::bad_request};
  return {ErrorClass::invalid_response};  // a redirect, or no status of HTTP's
}

}  // namespace

std::optional<Verdict> judge(std::string_view kind, int status, const ErrorBody& body) {
  const Words w = words_of(body);
  if (auto v = by_kind(kind, status, w)) return v;
  if (auto v = by_code(w, false)) return v;
  if (auto v = by_text(status, w)) return v;
  if (status != 0) return by_status(status);

  // Within a 200 only the code speaks: OpenRouter and vLLM send a status as one.
  if (const auto code = to_number<int>(body.code); code && *code >= 400 && *code <= 599)
    return by_status(*code);
  return by_code(w, true);
}

}  // namespace llmgw::providers
