#pragma once

#include <string>

#include "config/environment.h"
#include "providers/credential_source.h"

namespace llmgw::providers {

// A role that STS gives out, and where it is asked: at AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL, else in
// `region`, else in AWS_REGION.
struct AwsRole {
  config::Environment environment;
  std::string region;
  std::string role_arn;
  std::string session_name = {};  // empty: "llmgw"
  std::string external_id = {};
  std::string duration_seconds = {};  // as the profile writes it; empty: an hour
};

// docs.aws.amazon.com/STS/latest/APIReference, AssumeRole: with `own`. Errors: auth, with STS's code and
// words.
Result<Credential> assume_role(const AwsRole& role, const AwsCredentials& own, WallTime now);

// AssumeRoleWithWebIdentity: `token` is the workload's. Nothing is signed.
Result<Credential> assume_role_with_web_identity(const AwsRole& role, const Secret& token, WallTime now);

}  // namespace llmgw::providers
