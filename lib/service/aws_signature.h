#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "net/headers.h"

namespace llmgw::service {

// The access key id by which a client of AWS signed its request ("AWS4-HMAC-SHA256 Credential=AKID/…"); none
// when it sent no signature. Its secret is not known here, so that the form alone is checked
// (docs.aws.amazon.com, "Authenticating requests: Authorization header"). Errors: auth, 403, naming what is
// wrong with it.
Result<std::optional<std::string>> aws_access_key(const net::Headers& headers);

}  // namespace llmgw::service
