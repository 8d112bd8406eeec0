#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/environment.h"
#include "providers/sigv4.h"

namespace llmgw::providers {

struct FoundAwsCredentials {
  AwsCredentials credentials;
  std::optional<WallTime> expires;
};

// The credentials of this machine, in the order of AWS's SDKs (docs.aws.amazon.com, "AWS SDKs and Tools:
// Standardized credential providers"): AWS_ACCESS_KEY_ID and its companions; the profile named by AWS_PROFILE
// in
// ~/.aws/credentials and ~/.aws/config, with keys of its own or an SSO session that `aws sso login` opened;
// the endpoint of a container (ECS, EKS); that of the instance, where AWS_EC2_METADATA_DISABLED is set to
// "false". Reads files and may call those endpoints, 2 s each: never on a fiber. Errors: auth, naming what
// was looked for.
Result<FoundAwsCredentials> find_aws_credentials(const config::Environment&);

// Keeps what find_aws_credentials() found, and looks again before it expires, or after 5 min where
// that is not said, on a thread of its own.
// Thread-safe; asks nobody before the first look().
class AwsCredentialChain {
 public:
  explicit AwsCredentialChain(config::Environment environment);

  struct Look {
    std::shared_ptr<const AwsCredentials> credentials;  // null: none yet
    std::string error;                                  // why there are none; empty: the search goes on
  };
  // What is known now; never waits.
  Look look(WallTime now);

 private:
  struct State;
  std::shared_ptr<State> state_;  // a search that goes on shares it
};

}  // namespace llmgw::providers
