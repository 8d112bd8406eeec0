#include "providers/classify.h"

#include "base/text.h"
#include "providers/error_body.h"
#include "providers/error_rules.h"
#include "providers/wait.h"

namespace llmgw::providers {
namespace {

constexpr size_t kLongestMessage = 2000;
constexpr size_t kLongestCode = 100;

// Whether waiting helps an error of that class.
bool waits(ErrorClass c) {
  return c == ErrorClass::rate_limit || c == ErrorClass::overloaded || c == ErrorClass::quota;
}

// The field between the first quotes behind "parameter": Unsupported parameter: 'max_tokens' is …
std::string quoted_field(std::string_view message) {
  for (char quote : {'\'', '"', '`'}) {
    const size_t open = message.find(quote);
    if (open == std::string_view::npos) continue;
    const size_t close = message.find(quote, open + 1);
    if (close == std::string_view::npos || close - open > 60) continue;
    const std::string_view field = message.substr(open + 1, close - open - 1);
    if (!field.empty() && field.find(' ') == std::string_view::npos) return std::string(field);
  }
  return {};
}

Error make(int status, const ErrorBody& body, const Verdict& verdict) {
  Error e;
  e.error_class = verdict.error_class;
  e.status = status >= 400 && status <= 599 ? status : 0;
  e.message = shortened(body.message, kLongestMessage);
  if (body.message == "Provider returned error" && !body.nested.empty()) {
    const std::string_view nested = trim(std::string_view(body.nested).substr(0, body.nested.find('\n')));
    if (!nested.empty()) e.message += ": " + shortened(nested, kLongestMessage);
  }
  // Google's code is but the status again; its reason says what is wrong.
  const bool numeric = to_number<int>(body.code).has_value();
  const bool reason_says_more = !body.reason.empty() && (numeric || body.code.empty());
  e.code = shortened(reason_says_more ? body.reason : body.code, kLongestCode);
  e.type = shortened(body.type, kLongestCode);
  e.param = shortened(body.param, kLongestCode);
  if (verdict.unsupported) {
    e.code = "unsupported_parameter";
    if (e.param.empty()) e.param = quoted_field(body.message);
  }
  if (e.message.empty()) {
    e.message = status > 0 ? "the provider answered " + std::to_string(status) + " without a message"
                           : "the provider answered an error without a message";
  }
  return e;
}

Error classify(const Row& row, const Provider* provider, int status, const net::Headers& headers,
               std::string_view raw, WallTime now) {
  const ErrorBody body = read_error_body(headers, raw);
  const bool success = status >= 200 && status <= 299;
  // A page or any other text in a 2xx is no error of the provider's, whatever it says; nor is a redirect.
  const bool speaks = success ? body.is_error : status >= 400;
  std::optional<Verdict> verdict;
  if (speaks) verdict = judge(row.kind, success ? 0 : status, body);
  if (provider != nullptr) {
    if (const auto said = provider->configured_class(status, raw)) verdict = Verdict{*said};
  }
  if (!verdict) verdict = Verdict{ErrorClass::invalid_response};

  Error e = make(status, body, *verdict);
  e.retry_after = retry_after(headers, now);
  if (!e.retry_after && waits(e.error_class)) {
    e.retry_after = plan_wait(headers, now);
    if (!e.retry_after) e.retry_after = body.retry_after;
    if (!e.retry_after) e.retry_after = wait_in_words(body.message);
    if (!e.retry_after) e.retry_after = rate_limits(row, headers, now).wait();
  }
  return e;
}

Error classify_object(const Row& row, const Provider* provider, json::Value object) {
  const ErrorBody body = read_error_value(object);
  auto verdict = judge(row.kind, 0, body);
  if (provider != nullptr) {
    if (const auto said = provider->configured_class(200, object.raw())) verdict = Verdict{*said};
  }
  Error e = make(to_number<int>(body.code).value_or(0), body,
                 verdict.value_or(Verdict{ErrorClass::invalid_response}));
  if (waits(e.error_class)) {
    e.retry_after = body.retry_after;
    if (!e.retry_after) e.retry_after = wait_in_words(body.message);
  }
  return e;
}

Error scrubbed(Error e, const Provider& provider) {
  for (std::string* field : {&e.message, &e.code, &e.type, &e.param}) *field = provider.scrub(*field);
  return e;
}

}  // namespace

Error classify(const Provider& provider, int status, const net::Headers& headers, std::string_view body,
               WallTime now) {
  return scrubbed(classify(provider.row(), &provider, status, headers, body, now), provider);
}

Error classify(const Row& row, int status, const net::Headers& headers, std::string_view body, WallTime now) {
  return classify(row, nullptr, status, headers, body, now);
}

Error classify_object(const Provider& provider, json::Value object) {
  return scrubbed(classify_object(provider.row(), &provider, object), provider);
}

Error classify_object(const Row& row, json::Value object) {
  return classify_object(row, nullptr, object);
}

bool is_error_object(json::Value body) {
  if (body.is(json::Kind::array)) body = body.at(0);
  if (!body.is(json::Kind::object)) return false;
  const json::Value error = body["error"];
  if (error && !error.is_null() && error.boolean() != false) return true;
  return body["object"].says("error") || body["type"].says("error") || body["type"].says("response.failed");
}

}  // namespace llmgw::providers
