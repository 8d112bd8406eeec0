#include "service/request_headers.h"

#include "base/text.h"

namespace llmgw::service {
namespace {

std::unexpected<Error> refuse(std::string_view field, std::string_view value, std::string_view expected) {
  Error error;
  error.error_class = ErrorClass::bad_request;
  error.code = "invalid_header";
  error.param = field;
  error.message = "the header " + std::string(field) + " is '" + shortened(value, 100) + "'; expected " +
                  std::string(expected);
  return fail(std::move(error));
}

std::optional<Duration> seconds(std::string_view text) {
  const auto number = to_number<double>(trim(text));
  if (!number || !(*number > 0) || *number > 86400 * 365) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*number));
}

}  // namespace

Result<void> read_request_headers(const net::Headers& headers, dialects::Request& request) {
  constexpr std::string_view kOurs = "x-llmgw-", kTag = "tag-";
  for (const auto [name, value] : headers) {
    if (name.size() > kOurs.size() && iequals(name.substr(0, kOurs.size()), kOurs)) {
      const auto rest = name.substr(kOurs.size());
      if (iequals(rest, "fallbacks")) {
        std::vector<std::string> names;
        for (auto part : split(value, ',')) names.emplace_back(part);
        if (names.size() > 64) return refuse(name, value, "at most 64 targets");
        if (!request.fallbacks) request.fallbacks = std::move(names);
      } else if (iequals(rest, "commit")) {
        if (value != "first_token" && value != "complete")
          return refuse(name, value, "first_token or complete");
        request.commit = value == "complete" ? config::Commit::complete : config::Commit::first_token;
      } else if (iequals(rest, "timeout")) {
        request.timeout = seconds(value);
        if (!request.timeout) return refuse(name, value, "seconds, such as 30 or 2.5");
      } else if (iequals(rest, "provider")) {
        request.provider = value;
      } else if (iequals(rest, "key")) {
        continue;  // find_virtual_key() has read it
      } else if (iequals(rest, "cache")) {
        if (value == "off") {
          request.cache = dialects::Caching::off;
        } else if (value == "refresh") {
          request.cache = dialects::Caching::refresh;
        } else if (value == "only") {
          request.cache = dialects::Caching::only;
        } else {
          return refuse(name, value, "off, refresh or only");
        }
      } else if (rest.size() > kTag.size() && iequals(rest.substr(0, kTag.size()), kTag)) {
        if (request.tags.size() == 16) return refuse(name, value, "at most 16 tags");
        if (value.size() > 256) return refuse(name, value, "at most 256 bytes");
        request.tags.emplace_back(to_lower(rest.substr(kTag.size())), value);
      } else {
        return refuse(name, value, "no such header: see the docs for those that llmgw reads");
      }
    } else if (iequals(name, "x-request-id")) {
      request.client_id = shortened(value, 200);
    } else if (iequals(name, "traceparent")) {
      request.traceparent = value;
    } else if (iequals(name, "x-stainless-read-timeout") || iequals(name, "x-stainless-timeout") ||
               iequals(name, "x-server-timeout")) {
      request.client_timeout = seconds(value);  // "NOT_GIVEN" is one of their values
    }
  }
  return {};
}

}  // namespace llmgw::service
