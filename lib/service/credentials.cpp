#include "service/credentials.h"

#include <array>

#include "base/text.h"
#include "service/aws_signature.h"
#include "service/query.h"

namespace llmgw::service {
namespace {

constexpr std::string_view kOurs = "x-llmgw-key";
constexpr std::array<std::string_view, 3> kPlain = {"x-api-key", "x-goog-api-key", "api-key"};
constexpr std::string_view kSubprotocol = "openai-insecure-api-key.";  // pages in browsers: openai-node

std::unexpected<Error> unauthorized(std::string message) {
  return fail(Error{.error_class = ErrorClass::auth,
                    .status = 401,
                    .message = std::move(message),
                    .code = "invalid_virtual_key"});
}

// "Bearer VALUE", whose scheme is a word without case (RFC 9110, 11.1).
std::string_view bearer(std::string_view field) {
  constexpr std::string_view kScheme = "bearer ";
  if (field.size() <= kScheme.size() || !iequals(field.substr(0, kScheme.size()), kScheme)) return {};
  return trim(field.substr(kScheme.size()));
}

using Found = std::shared_ptr<const config::VirtualKey>;

// The virtual keys among the credentials that SDKs send.
class Credentials {
 public:
  Credentials(const plugins::KeyBook& keys, dialects::Request& request) : keys_(keys), request_(request) {}

  void look(std::string_view query) {
    auto& headers = request_.headers;
    // AWS's signature names its key, and stays: who is to check it is not us.
    if (const auto signer = aws_access_key(headers); signer && *signer) see(**signer);
    if (see(bearer(headers.get("authorization")))) headers.remove("authorization");
    for (const auto name : kPlain) {
      if (see(headers.get(name))) headers.remove(name);
    }
    if (const auto value = query_value(query, "key")) see(*value);
    for (const auto protocol : split(headers.get("sec-websocket-protocol"), ',')) {
      if (protocol.starts_with(kSubprotocol)) see(protocol.substr(kSubprotocol.size()));
    }
  }

  const Found& first() const { return first_; }
  bool several() const { return several_; }

 private:
  bool see(std::string_view value) {
    if (value.empty()) return false;
    auto found = keys_.find(value);
    if (found == nullptr) return false;
    several_ = several_ || (first_ != nullptr && first_ != found);
    if (first_ == nullptr) first_ = std::move(found);
    return true;
  }

  const plugins::KeyBook& keys_;
  dialects::Request& request_;
  Found first_;
  bool several_ = false;
};

}  // namespace

Result<void> find_virtual_key(const plugins::KeyBook& keys, bool required, std::string_view query,
                              WallTime now, dialects::Request& request) {
  Found found;
  if (request.headers.has(kOurs)) {
    found = keys.find(request.headers.get(kOurs));
    if (found == nullptr) return unauthorized("the key in x-llmgw-key is unknown");
  } else if (!keys.empty()) {
    Credentials sent(keys, request);
    sent.look(query);
    if (sent.several()) {
      return fail(Error{.error_class = ErrorClass::bad_request,
                        .message = "the request comes with two different virtual keys; send one",
                        .code = "several_virtual_keys"});
    }
    found = sent.first();
  }
  if (found == nullptr) {
    if (!required) return {};
    return unauthorized(
        "a virtual key is needed here, and none came: send it as the API key of your client, or in "
        "x-llmgw-key");
  }
  if (auto usable = plugins::check_usable(*found, now); !usable) return usable;
  request.virtual_key = found->name;
  request.key = std::move(found);
  return {};
}

}  // namespace llmgw::service
