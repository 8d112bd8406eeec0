#include "providers/aws_sts.h"

#include "base/text.h"
#include "net/endpoint.h"
#include "providers/aws_credentials.h"
#include "providers/credential_endpoint.h"
#include "providers/scrub.h"

namespace llmgw::providers {
namespace {

constexpr std::string_view kVersion = "2011-06-15";

// The text of the first element of that name. STS's replies are flat, without attributes in what we read.
std::string element(std::string_view xml, const std::string& name) {
  const size_t open = xml.find("<" + name + ">");
  if (open == std::string_view::npos) return {};
  const size_t begin = open + name.size() + 2;
  const size_t end = xml.find("</" + name + ">", begin);
  if (end == std::string_view::npos) return {};
  std::string text(xml.substr(begin, end - begin));
  for (const auto& [entity, character] : {std::pair<std::string_view, char>{"&lt;", '<'},
                                          {"&gt;", '>'},
                                          {"&quot;", '"'},
                                          {"&apos;", '\''},
                                          {"&amp;", '&'}}) {
    for (size_t at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
      text.replace(at, entity.size(), 1, character);
  }
  return text;
}

std::string sts_url(const AwsRole& role, const std::string& region) {
  for (const char* name : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
    if (auto url = role.environment.variable(name); url && !url->empty()) return *url;
  }
  const std::string domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  return "https://sts." + percent_encoded(region) + domain;
}

std::string region_of(const AwsRole& role) {
  if (!role.region.empty()) return role.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = role.environment.variable(name); region && !region->empty()) return *region;
  }
  return "us-east-1";
}

Result<Credential> ask_sts(const AwsRole& role, FormFields fields, const AwsCredentials* own,
                           const Secret* token, WallTime now) {
  const std::string region = region_of(role);
  CredentialRequest request{.url = sts_url(role, region), .headers = {}, .body = {}};
  const auto endpoint = net::parse_base_url(request.url);
  if (!endpoint) return no_aws_credentials("STS: " + endpoint.error().message);
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += '/';
  fields.emplace_back("Version", kVersion);
  fields.emplace_back("RoleArn", role.role_arn);
  fields.emplace_back("RoleSessionName", role.session_name.empty() ? "llmgw" : role.session_name);
  if (!role.external_id.empty()) fields.emplace_back("ExternalId", role.external_id);
  if (!role.duration_seconds.empty()) fields.emplace_back("DurationSeconds", role.duration_seconds);
  request.body = form_encoded(fields);
  request.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  if (own != nullptr) {
    const std::string target = endpoint->prefix + "/";
    sign_sigv4({.method = request.method,
                .host = endpoint->authority,
                .target = target,
                .body = request.body,
                .region = region,
                .service = "sts"},
               *own, now, request.headers);
  }
  auto reply = ask_credential_endpoint(request, role.environment);
  if (!reply) return no_aws_credentials("STS at " + request.url + ": " + reply.error().message);
  const std::string& xml = reply->body;
  Credential found{.aws = {.access_key = element(xml, "AccessKeyId"),
                           .secret_key = Secret(element(xml, "SecretAccessKey")),
                           .session_token = Secret(element(xml, "SessionToken"))},
                   .bearer = {},
                   .quota_project = {},
                   .expires = parse_utc(element(xml, "Expiration"))};
  if (reply->status == 200 && !found.aws.access_key.empty() && !found.aws.secret_key.empty()) return found;
  std::vector<std::string_view> hidden;
  if (own != nullptr) hidden = {own->secret_key.reveal(), own->session_token.reveal()};
  if (token != nullptr) hidden.push_back(token->reveal());
  const std::string words = scrub(element(xml, "Code") + ": " + element(xml, "Message"), hidden);
  return no_aws_credentials("STS answered " + std::to_string(reply->status) + " for the role " +
                            shortened(role.role_arn, 200) +
                            (words == ": " ? " without credentials" : ": " + shortened(words, 300)) +
                            "; see that the role trusts who asks, and its external_id");
}

}  // namespace

Result<Credential> assume_role(const AwsRole& role, const AwsCredentials& own, WallTime now) {
  return ask_sts(role, {{"Action", "AssumeRole"}}, &own, nullptr, now);
}

Result<Credential> assume_role_with_web_identity(const AwsRole& role, const Secret& token, WallTime now) {
  return ask_sts(role,
                 {{"Action", "AssumeRoleWithWebIdentity"}, {"WebIdentityToken", std::string(token.reveal())}},
                 nullptr, &token, now);
}

}  // namespace llmgw::providers
