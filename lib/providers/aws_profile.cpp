#include "providers/aws_profile.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "providers/aws_sso.h"
#include "providers/aws_sts.h"
#include "providers/credential_process.h"

namespace llmgw::providers {
namespace {

std::string variable(const config::Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

// The two files in which a profile's settings stand.
class Profiles {
 public:
  explicit Profiles(const AwsSearch& search) : search_(search) {
    credentials_ = file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
    settings_ = file("AWS_CONFIG_FILE", "/.aws/config");
    if (!search.profile.empty()) {
      named_ = search.profile;
    } else {
      named_ = variable(search.environment, "AWS_PROFILE");
    }
  }

  bool is_named() const { return !named_.empty(); }
  std::string name() const { return is_named() ? named_ : "default"; }
  const AwsSections& sections() const { return settings_; }

  // The credentials' own file wins.
  AwsSettings profile(const std::string& name) const {
    AwsSettings out;
    if (const auto found = credentials_.find(name); found != credentials_.end()) out = found->second;
    for (const auto& section : {"profile " + name, name}) {
      if (const auto found = settings_.find(section); found != settings_.end())
        out.insert(found->second.begin(), found->second.end());
    }
    return out;
  }

  AwsRole role(const AwsSettings& profile) const {
    const std::string region = setting(profile, "region");
    return {.environment = search_.environment,
            .region = region.empty() ? search_.region : region,
            .role_arn = setting(profile, "role_arn"),
            .session_name = setting(profile, "role_session_name"),
            .external_id = setting(profile, "external_id"),
            .duration_seconds = setting(profile, "duration_seconds")};
  }

 private:
  AwsSections file(const std::string& name, const std::string& usual) const {
    const auto named = variable(search_.environment, name);
    const auto text =
        search_.environment.read_file(named.empty() ? variable(search_.environment, "HOME") + usual : named);
    return text ? read_aws_ini(*text) : AwsSections();
  }

  const AwsSearch& search_;
  AwsSections credentials_, settings_;
  std::string named_;
};

std::optional<Credential> keys_of(const AwsSettings& profile) {
  if (!profile.contains("aws_access_key_id") || !profile.contains("aws_secret_access_key"))
    return std::nullopt;
  return Credential{.aws = {.access_key = setting(profile, "aws_access_key_id"),
                            .secret_key = Secret(setting(profile, "aws_secret_access_key")),
                            .session_token = Secret(setting(profile, "aws_session_token"))},
                    .bearer = {},
                    .quota_project = {},
                    .expires = {}};
}

bool assumes(const AwsSettings& profile) {
  return profile.contains("role_arn") && !profile.contains("web_identity_token_file");
}

Result<Credential> web_identity(const AwsRole& role, const std::string& path, WallTime now) {
  const auto text = role.environment.read_file(path);
  if (!text) return no_aws_credentials("the web identity's token: " + path + " " + text.error().message);
  const auto token = text->substr(0, text->find_last_not_of(" \t\r\n") + 1);
  if (role.role_arn.empty())
    return no_aws_credentials("a web identity needs AWS_ROLE_ARN, or role_arn in its profile");
  return assume_role_with_web_identity(role, Secret(token), now);
}

AwsFound plain(const Profiles& profiles, const AwsSettings& profile, const AwsSearch& search, WallTime now) {
  const auto& environment = search.environment;
  if (profile.contains("sso_account_id") && profile.contains("sso_role_name"))
    return aws_from_sso(environment, profiles.sections(), profile, now);
  if (auto keys = keys_of(profile)) return keys;
  if (const auto command = setting(profile, "credential_process"); !command.empty()) {
    auto found = run_credential_process(command);
    if (!found) return fail(std::move(found.error()));
    return std::move(*found);
  }
  return std::nullopt;
}

// `path`: the profiles on the way here, so that a circle ends.
AwsFound role_of(const Profiles& profiles, const std::string& name, const AwsSearch& search, WallTime now,
                 std::vector<std::string> path) {
  const AwsSettings profile = profiles.profile(name);
  if (!assumes(profile)) return std::nullopt;
  const std::string source = setting(profile, "source_profile"), from = setting(profile, "credential_source");
  const std::string where = "the profile '" + name + "'";
  if (profile.contains("mfa_serial"))
    return no_aws_credentials(where + " asks a person for a code (mfa_serial), and nobody is there");
  path.push_back(name);
  AwsFound own;
  if (source.empty() == from.empty()) {
    return no_aws_credentials(where + " has a role_arn and needs either source_profile or credential_source");
  } else if (from == "Environment") {
    own = aws_from_environment(search.environment);
  } else if (from == "EcsContainer") {
    own = aws_from_container(search.environment);
  } else if (from == "Ec2InstanceMetadata") {
    own = aws_from_instance(search.environment);  // the profile's word allows it
  } else if (!from.empty()) {
    return no_aws_credentials(where + " has the credential_source '" + shortened(from, 40) +
                              "'; it is Environment, EcsContainer or Ec2InstanceMetadata");
  } else if (source == name) {
    own = keys_of(profile);  // AWS's tools allow a profile to assume a role with its own keys
  } else if (std::ranges::find(path, source) != path.end()) {
    return no_aws_credentials(where + " names a source_profile that leads back to it");
  } else {
    const AwsSettings other = profiles.profile(source);
    own = role_of(profiles, source, search, now, path);
    if (own && !*own && other.contains("web_identity_token_file")) {
      auto found = web_identity(profiles.role(other), setting(other, "web_identity_token_file"), now);
      if (!found) return fail(std::move(found.error()));
      own = std::move(*found);
    }
    if (own && !*own) own = plain(profiles, other, search, now);
  }
  if (!own) return own;
  if (!*own)
    return no_aws_credentials(where + " assumes a role with " + (source.empty() ? from : "'" + source + "'") +
                              ", which has no credentials");
  auto found = assume_role(profiles.role(profile), (*own)->aws, now);
  if (!found) return fail(std::move(found.error()));
  return std::move(*found);
}

}  // namespace

std::string setting(const AwsSettings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

AwsFound aws_from_role_profile(const AwsSearch& search, WallTime now) {
  const Profiles profiles(search);
  return role_of(profiles, profiles.name(), search, now, {});
}

AwsFound aws_from_web_identity(const AwsSearch& search, WallTime now) {
  const Profiles profiles(search);
  const AwsSettings profile = profiles.profile(profiles.name());
  AwsRole role = profiles.role(profile);
  std::string path = setting(profile, "web_identity_token_file");
  if (search.profile.empty()) {
    for (const auto& [name, value] :
         {std::pair("AWS_WEB_IDENTITY_TOKEN_FILE", &path), std::pair("AWS_ROLE_ARN", &role.role_arn),
          std::pair("AWS_ROLE_SESSION_NAME", &role.session_name)}) {
      if (auto said = variable(search.environment, name); !said.empty()) *value = std::move(said);
    }
  }
  if (path.empty()) return std::nullopt;
  auto found = web_identity(role, path, now);
  if (!found) return fail(std::move(found.error()));
  return std::move(*found);
}

AwsFound aws_from_profile(const AwsSearch& search, WallTime now) {
  const Profiles profiles(search);
  auto found = plain(profiles, profiles.profile(profiles.name()), search, now);
  if (!found || *found || !profiles.is_named()) return found;
  return no_aws_credentials(std::string(search.profile.empty() ? "AWS_PROFILE" : "the key") + " names '" +
                            shortened(profiles.name(), 80) + "', which has no keys");
}

AwsSections read_aws_ini(std::string_view text) {
  AwsSections sections;
  std::map<std::string, std::string>* section = nullptr;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool indented = line.starts_with(' ') || line.starts_with('\t');
    line = trim(line);
    if (line.empty() || indented || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      const size_t close = line.find(']');
      section =
          close == std::string_view::npos ? nullptr : &sections[std::string(trim(line.substr(1, close - 1)))];
      continue;
    }
    const size_t equals = line.find('=');
    if (section == nullptr || equals == std::string_view::npos) continue;
    (*section)[to_lower(trim(line.substr(0, equals)))] = trim(line.substr(equals + 1));
  }
  return sections;
}

}  // namespace llmgw::providers
