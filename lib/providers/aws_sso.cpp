#include "providers/aws_sso.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "providers/credential_endpoint.h"

namespace llmgw::providers {
namespace {

std::string sha1_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    char pair[3];
    std::snprintf(pair, sizeof pair, "%02x", digest[i]);
    out += pair;
  }
  return out;
}

}  // namespace

// docs.aws.amazon.com, "IAM Identity Center credential provider": the token that `aws sso login` left in the
// cache buys the role's credentials.
AwsFound aws_from_sso(const config::Environment& environment, const AwsSections& sections,
                      const AwsSettings& profile, WallTime now) {
  const std::string session = setting(profile, "sso_session");
  auto source = profile;
  if (const auto found = sections.find("sso-session " + session); found != sections.end())
    source = found->second;
  const std::string key = session.empty() ? setting(source, "sso_start_url") : session;
  const std::string path =
      environment.variable("HOME").value_or("") + "/.aws/sso/cache/" + sha1_hex(key) + ".json";
  const auto text = environment.read_file(path);
  const auto doc = text ? json::Doc::parse(*text) : Result<json::Doc>(fail(text.error()));
  const auto token = doc ? doc->root()["accessToken"].text() : std::string();
  const auto until = doc ? parse_utc(doc->root()["expiresAt"].text()) : std::nullopt;
  if (token.empty() || !printable(token) || (until && *until <= now))
    return no_aws_credentials("the SSO session has ended; run `aws sso login`");
  net::Headers headers;
  headers.add("x-amz-sso_bearer_token", token);
  std::string url = environment.variable("AWS_ENDPOINT_URL_SSO").value_or("");
  if (url.empty()) url = "https://portal.sso." + setting(source, "sso_region") + ".amazonaws.com";
  while (url.ends_with('/')) url.pop_back();
  url += "/federation/credentials?role_name=" + percent_encoded(setting(profile, "sso_role_name")) +
         "&account_id=" + percent_encoded(setting(profile, "sso_account_id"));
  const auto reply =
      ask_credential_endpoint({.method = "GET", .url = url, .headers = headers, .body = {}}, environment);
  const auto answer = reply ? json::Doc::parse(reply->body) : Result<json::Doc>(fail(reply.error()));
  const auto role = answer ? answer->root()["roleCredentials"] : json::Value();
  if (!role["accessKeyId"].is(json::Kind::string))
    return no_aws_credentials(reply ? "the SSO portal answered " + std::to_string(reply->status)
                                    : reply.error().message);
  Credential found{.aws = {.access_key = role["accessKeyId"].text(),
                           .secret_key = Secret(role["secretAccessKey"].text()),
                           .session_token = Secret(role["sessionToken"].text())},
                   .bearer = {},
                   .quota_project = {},
                   .expires = {}};
  if (const auto ms = role["expiration"].integer()) {
    const int64_t soon = unix_ms(now);  // AWS's longest session is twelve hours
    found.expires = WallTime(std::chrono::milliseconds(std::clamp<int64_t>(*ms, 0, soon + 86'400'000)));
  }
  return found;
}

}  // namespace llmgw::providers
