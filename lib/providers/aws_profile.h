#pragma once

#include <map>
#include <string>
#include <string_view>

#include "providers/aws_credentials.h"

namespace llmgw::providers {

// Sections of an INI file as AWS's tools write them: "[name]" and "key = value", comments behind # or ;.
// Indented lines (nested settings) are left out. Later sections of one name add to the first.
using AwsSettings = std::map<std::string, std::string>;
using AwsSections = std::map<std::string, AwsSettings, std::less<>>;
AwsSections read_aws_ini(std::string_view text);

// The value of that name; empty when there is none.
std::string setting(const AwsSettings& settings, const std::string& name);

// What a profile gives (docs.aws.amazon.com/cli, "Configuration and credential file settings"). `search` says
// which profile, else AWS_PROFILE, else "default"; none where it has nothing of the kind.
//
// A role (role_arn) that is assumed with another profile's credentials (source_profile, which may assume one
// itself) or with those of the environment, container or instance (credential_source).
AwsFound aws_from_role_profile(const AwsSearch& search, WallTime now);
// A role that a workload's token buys: AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, or the profile's
// web_identity_token_file and role_arn.
AwsFound aws_from_web_identity(const AwsSearch& search, WallTime now);
// An SSO session, keys, or what a credential_process prints. An error when the profile is named and has
// nothing at all.
AwsFound aws_from_profile(const AwsSearch& search, WallTime now);

}  // namespace llmgw::providers
