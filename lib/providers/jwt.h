#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace llmgw::providers {

// RFC 4648, 5, without padding.
std::string base64_url(std::string_view bytes);

// Whether `pem` is an RSA private key that signs. Errors: bad_request.
Result<void> check_rsa_key(const Secret& pem);

// A JWT of RS256 (RFC 7515, RFC 7518 3.3). `header` and `claims` are JSON objects. Errors: those of the key.
Result<std::string> sign_jwt(std::string_view header, std::string_view claims, const Secret& pem);

}  // namespace llmgw::providers
