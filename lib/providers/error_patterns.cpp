#include "providers/error_patterns.h"

#include <re2/re2.h>

#include "base/text.h"

namespace llmgw::providers {

ErrorPatterns::ErrorPatterns() = default;
ErrorPatterns::~ErrorPatterns() = default;

Result<std::unique_ptr<ErrorPatterns>> ErrorPatterns::compile(const std::vector<config::ErrorRule>& rules) {
  auto out = std::make_unique<ErrorPatterns>();
  for (const config::ErrorRule& r : rules) {
    Rule rule{r.status, nullptr, r.error_class};
    if (!r.match.empty()) {
      re2::RE2::Options options(re2::RE2::Quiet);
      options.set_encoding(re2::RE2::Options::EncodingLatin1);  // a body may be any bytes
      rule.match = std::make_unique<re2::RE2>(r.match, options);
      if (!rule.match->ok()) {
        return fail(ErrorClass::bad_request,
                    (r.at.line > 0 ? "line " + std::to_string(r.at.line) + ": " : std::string()) +
                        "errors: match '" + shortened(r.match, 80) +
                        "' is no RE2 pattern: " + rule.match->error());
      }
    }
    out->rules.push_back(std::move(rule));
  }
  return out;
}

std::optional<ErrorClass> ErrorPatterns::match(int status, std::string_view body) const {
  body = body.substr(0, 64 * 1024);
  for (const Rule& r : rules) {
    if (r.status && *r.status != status) continue;
    if (r.match && !re2::RE2::PartialMatch(re2::StringPiece(body.data(), body.size()), *r.match)) continue;
    return r.error_class;
  }
  return std::nullopt;
}

}  // namespace llmgw::providers
