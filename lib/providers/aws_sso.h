#pragma once

#include "providers/aws_credentials.h"
#include "providers/aws_profile.h"

namespace llmgw::providers {

// The credentials of a profile with an SSO session (docs.aws.amazon.com, "IAM Identity Center credential
// provider"): the token that `aws sso login` left in the cache buys the role's, at AWS_ENDPOINT_URL_SSO or
// the portal of the session's region. Errors: auth, when the session has ended or the portal refuses.
AwsFound aws_from_sso(const config::Environment& environment, const AwsSections& sections,
                      const AwsSettings& profile, WallTime now);

}  // namespace llmgw::providers
