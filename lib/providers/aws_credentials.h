#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/environment.h"
#include "net/http_message.h"
#include "providers/credential_source.h"

namespace llmgw::providers {

// Where to look for credentials of AWS, and as whom to use them.
struct AwsSearch {
  config::Environment environment;
  std::string region;    // for STS, where the profile names none
  AwsCredentials own;    // the config's own keys; without an access_key: what the machine has
  std::string profile;   // in place of AWS_PROFILE; then the environment's keys are not looked at
  std::string role_arn;  // a role that is assumed with what was found
  std::string external_id;
  bool metadata = false;  // the instance's endpoint may be asked
};

// The credentials of this machine, in the order of AWS's SDKs (docs.aws.amazon.com, "AWS SDKs and Tools:
// Standardized credential providers"; botocore 1.44.5, credentials.py): AWS_ACCESS_KEY_ID and its companions;
// a role that the profile assumes; AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN; the profile named by
// AWS_PROFILE in ~/.aws/credentials and ~/.aws/config, with an SSO session that `aws sso login` opened, keys
// of its own or a credential_process; the endpoint of a container (ECS, EKS); that of the instance, where
// `metadata` is set or AWS_EC2_METADATA_DISABLED is "false". Reads files and may call those endpoints and
// STS: never on a fiber. Errors: auth, naming what was looked for.
Result<Credential> find_aws_credentials(const AwsSearch& search, WallTime now);

using AwsFound = Result<std::optional<Credential>>;
// Parts of it, each none where the machine has nothing of the kind.
AwsFound aws_from_environment(const config::Environment&);
AwsFound aws_from_container(const config::Environment&);
AwsFound aws_from_instance(const config::Environment&);

std::unexpected<Error> no_aws_credentials(std::string why);

}  // namespace llmgw::providers
