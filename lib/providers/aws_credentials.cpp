#include "providers/aws_credentials.h"

#include <functional>

#include "base/json.h"
#include "base/text.h"
#include "providers/aws_profile.h"
#include "providers/aws_sts.h"
#include "providers/credential_endpoint.h"

namespace llmgw::providers {
namespace {

std::string variable(const config::Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

Result<net::HttpResponse> ask(const std::string& method, const std::string& url, const net::Headers& headers,
                              const config::Environment& environment) {
  return ask_credential_endpoint(
      {.method = method, .url = url, .headers = headers, .body = {}, .patience = kMetadataPatience},
      environment);
}

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, as containers and instances answer.
AwsFound read_credentials(const Result<net::HttpResponse>& reply, const std::string& where) {
  if (!reply) return no_aws_credentials(where + ": " + reply.error().message);
  const auto doc = json::Doc::parse(reply->body);
  const auto body = doc ? doc->root() : json::Value();
  if (reply->status != 200 || !body["AccessKeyId"].is(json::Kind::string))
    return no_aws_credentials(where + " answered " + std::to_string(reply->status) + " without credentials");
  return Credential{.aws = {.access_key = body["AccessKeyId"].text(),
                            .secret_key = Secret(body["SecretAccessKey"].text()),
                            .session_token = Secret(body["Token"].text())},
                    .bearer = {},
                    .quota_project = {},
                    .expires = parse_utc(body["Expiration"].text())};
}

}  // namespace

AwsFound aws_from_environment(const config::Environment& environment) {
  AwsCredentials out{.access_key = variable(environment, "AWS_ACCESS_KEY_ID"),
                     .secret_key = Secret(variable(environment, "AWS_SECRET_ACCESS_KEY")),
                     .session_token = Secret(variable(environment, "AWS_SESSION_TOKEN"))};
  if (out.access_key.empty() || out.secret_key.empty()) return std::nullopt;
  return Credential{.aws = std::move(out), .bearer = {}, .quota_project = {}, .expires = {}};
}

// docs.aws.amazon.com, "Container credential provider".
AwsFound aws_from_container(const config::Environment& environment) {
  std::string url = variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (const auto path = variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty())
    url = "http://169.254.170.2" + path;
  if (url.empty()) return std::nullopt;
  net::Headers headers;
  std::string token = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto path = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    const auto text = environment.read_file(path);
    if (!text) return no_aws_credentials(path + " " + text.error().message);
    token = text->substr(0, text->find_first_of("\r\n"));
  }
  if (!token.empty() && printable(token)) headers.add("Authorization", token);
  return read_credentials(ask("GET", url, headers, environment), "the container's endpoint");
}

// docs.aws.amazon.com, "Use the Instance Metadata Service": version 2, with a session's token.
AwsFound aws_from_instance(const config::Environment& environment) {
  std::string base = variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  const std::string where = "the instance's endpoint";
  net::Headers headers;
  headers.add("x-aws-ec2-metadata-token-ttl-seconds", "21600");
  const auto token = ask("PUT", base + "/latest/api/token", headers, environment);
  if (!token || token->status != 200 || !printable(token->body))
    return no_aws_credentials(where + " gave no token");
  headers = {};
  headers.add("x-aws-ec2-metadata-token", token->body);
  const std::string roles = base + "/latest/meta-data/iam/security-credentials";
  const auto role = ask("GET", roles + "/", headers, environment);
  if (!role || role->status != 200 || role->body.empty())
    return no_aws_credentials("the instance has no role");
  const auto name = role->body.substr(0, role->body.find('\n'));
  return read_credentials(ask("GET", roles + "/" + percent_encoded(name), headers, environment), where);
}

namespace {

// What the machine has without a profile's help, or with it.
Result<Credential> machine_credentials(const AwsSearch& search, WallTime now) {
  const auto& environment = search.environment;
  const auto from_environment = [&] { return aws_from_environment(environment); };
  const auto from_role = [&] { return aws_from_role_profile(search, now); };
  const auto from_web_identity = [&] { return aws_from_web_identity(search, now); };
  const auto from_profile = [&] { return aws_from_profile(search, now); };
  const auto from_container = [&] { return aws_from_container(environment); };
  const auto from_instance = [&]() -> AwsFound {
    // An explicit word: no call to an address that may be anybody's.
    const bool allowed = iequals(variable(environment, "AWS_EC2_METADATA_DISABLED"), "false");
    return search.metadata || allowed ? aws_from_instance(environment) : AwsFound();
  };
  const std::initializer_list<std::function<AwsFound()>> named = {from_role, from_web_identity, from_profile};
  const std::initializer_list<std::function<AwsFound()>> all = {
      from_environment, from_role, from_web_identity, from_profile, from_container, from_instance};
  for (const auto& look : search.profile.empty() ? all : named) {
    auto found = look();
    if (!found) return fail(std::move(found.error()));
    if (*found) return std::move(**found);
  }
  return no_aws_credentials(
      "neither AWS_ACCESS_KEY_ID nor a profile nor a container's endpoint is there; give the provider a key "
      "with access_key and secret_key, or a Bedrock API key as its value");
}

}  // namespace

std::unexpected<Error> no_aws_credentials(std::string why) {
  return fail(ErrorClass::auth, "no AWS credentials: " + std::move(why));
}

Result<Credential> find_aws_credentials(const AwsSearch& search, WallTime now) {
  Result<Credential> found = Credential{.aws = search.own, .bearer = {}, .quota_project = {}, .expires = {}};
  if (search.own.access_key.empty()) found = machine_credentials(search, now);
  if (found && !search.role_arn.empty()) {
    const AwsRole role{.environment = search.environment,
                       .region = search.region,
                       .role_arn = search.role_arn,
                       .external_id = search.external_id};
    found = assume_role(role, found->aws, now);
  }
  if (found && !(printable(found->aws.access_key) && printable(found->aws.session_token.reveal())))
    return no_aws_credentials("those found hold a control character");
  return found;
}

}  // namespace llmgw::providers
