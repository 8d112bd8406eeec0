#pragma once

#include "base/json.h"
#include "config/environment.h"
#include "providers/credential_source.h"

namespace llmgw::providers {

// Workload identity federation by a credential file of type external_account whose subject token is in a file
// or behind a URL (google.aip.dev/auth/4117; google-auth 2.62.2, google/auth/identity_pool.py). Errors:
// bad_request for what is missing, or for a source that is neither (AWS, an executable, a certificate).
Result<CredentialSearch> external_account(json::Value file, const config::Environment& environment);

}  // namespace llmgw::providers
