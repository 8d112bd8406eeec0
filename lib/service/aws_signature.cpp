#include "service/aws_signature.h"

#include <algorithm>

#include "base/text.h"

namespace llmgw::service {
namespace {

constexpr std::string_view kScheme = "AWS4-HMAC-SHA256";

bool digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::unexpected<Error> refused(std::string why) {
  return fail(Error{.error_class = ErrorClass::auth,
                    .status = 403,
                    .message = "the Authorization of AWS is malformed: " + std::move(why),
                    .code = "incomplete_signature"});
}

}  // namespace

Result<std::optional<std::string>> aws_access_key(const net::Headers& headers) {
  auto value = headers.get("authorization");
  if (!value.starts_with("AWS")) return std::nullopt;
  if (!value.starts_with(kScheme) || value.size() == kScheme.size() || value[kScheme.size()] != ' ')
    return refused("it is not of the scheme " + std::string(kScheme));
  value.remove_prefix(kScheme.size());
  std::string_view credential, fields, signature;
  for (const auto part : split(value, ',')) {
    if (part.starts_with("Credential=")) credential = part.substr(11);
    if (part.starts_with("SignedHeaders=")) fields = part.substr(14);
    if (part.starts_with("Signature=")) signature = part.substr(10);
  }
  const auto scope = split(credential, '/');
  if (scope.size() != 5 || std::ranges::count(credential, '/') != 4)
    return refused("Credential must be KEY/DATE/REGION/SERVICE/aws4_request");
  if (scope[1].size() != 8 || !digits(scope[1])) return refused("the date in Credential must be YYYYMMDD");
  if (scope[4] != "aws4_request") return refused("Credential must end in aws4_request");
  const auto names = split(fields, ';');
  if (std::ranges::find(names, std::string_view("host")) == names.end())
    return refused("SignedHeaders must name host");
  if (signature.size() != 64 || !hex(signature)) return refused("Signature must be 64 hexadecimal digits");
  const auto date = headers.get("x-amz-date");
  if (date.empty() && !headers.has("date")) return refused("X-Amz-Date is missing");
  if (!date.empty() && !date.starts_with(scope[1]))
    return refused("X-Amz-Date is of another day than Credential");
  return std::string(scope[0]);
}

}  // namespace llmgw::service
