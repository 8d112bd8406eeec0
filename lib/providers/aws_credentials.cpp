#include "providers/aws_credentials.h"

#include <openssl/evp.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "providers/aws_endpoint.h"
#include "providers/aws_profile.h"

namespace llmgw::providers {
namespace {

using Searched = Result<std::optional<FoundAwsCredentials>>;

constexpr Duration kAhead = 5min;        // temporary credentials are renewed so long before they end
constexpr Duration kReread = 5min;       // of those without an end: another tool may renew the file
constexpr Duration kAfterFailure = 10s;  // the search is not begun again sooner

std::unexpected<Error> refused(std::string why) {
  return fail(ErrorClass::auth, "no AWS credentials: " + std::move(why));
}

std::string variable(const config::Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

// "2026-01-01T00:00:00Z", with or without a fraction; "…UTC" in older SSO caches.
std::optional<WallTime> parse_time(std::string_view text) {
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (std::sscanf(std::string(text).c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &y, &mo, &d, &h, &mi, &s) != 6)
    return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  return WallTime(sys_days(date)) + hours(h) + minutes(mi) + seconds(s);
}

Searched from_environment(const config::Environment& environment) {
  AwsCredentials out{.access_key = variable(environment, "AWS_ACCESS_KEY_ID"),
                     .secret_key = Secret(variable(environment, "AWS_SECRET_ACCESS_KEY")),
                     .session_token = Secret(variable(environment, "AWS_SESSION_TOKEN"))};
  if (out.access_key.empty() || out.secret_key.empty()) return std::nullopt;
  return FoundAwsCredentials{std::move(out), {}};
}

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

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, as containers and instances answer.
Searched read_credentials(const Result<net::HttpResponse>& reply, const std::string& where) {
  if (!reply) return refused(where + ": " + reply.error().message);
  const auto doc = json::Doc::parse(reply->body);
  const auto body = doc ? doc->root() : json::Value();
  if (reply->status != 200 || !body["AccessKeyId"].is(json::Kind::string))
    return refused(where + " answered " + std::to_string(reply->status) + " without credentials");
  return FoundAwsCredentials{.credentials = {.access_key = body["AccessKeyId"].text(),
                                             .secret_key = Secret(body["SecretAccessKey"].text()),
                                             .session_token = Secret(body["Token"].text())},
                             .expires = parse_time(body["Expiration"].text())};
}

// docs.aws.amazon.com, "IAM Identity Center credential provider": the token that `aws sso login` left in the
// cache buys the role's credentials.
Searched from_sso(const config::Environment& environment, const AwsSections& sections,
                  const std::map<std::string, std::string>& profile) {
  auto setting = [](const std::map<std::string, std::string>& from, const std::string& name) {
    const auto found = from.find(name);
    return found == from.end() ? std::string() : found->second;
  };
  const std::string session = setting(profile, "sso_session");
  auto source = profile;
  if (const auto found = sections.find("sso-session " + session); found != sections.end())
    source = found->second;
  const std::string key = session.empty() ? setting(source, "sso_start_url") : session;
  const std::string path = variable(environment, "HOME") + "/.aws/sso/cache/" + sha1_hex(key) + ".json";
  const auto text = environment.read_file(path);
  const auto doc = text ? json::Doc::parse(*text) : Result<json::Doc>(fail(text.error()));
  const auto token = doc ? doc->root()["accessToken"].text() : std::string();
  const auto until = doc ? parse_time(doc->root()["expiresAt"].text()) : std::nullopt;
  if (token.empty() || (until && *until <= SystemClock().wall()))
    return refused("the SSO session has ended; run `aws sso login`");
  net::Headers headers;
  headers.add("x-amz-sso_bearer_token", token);
  const auto reply =
      ask_aws_endpoint("GET",
                       "https://portal.sso." + setting(source, "sso_region") +
                           ".amazonaws.com/federation/credentials?role_name=" +
                           percent_encoded(setting(profile, "sso_role_name")) +
                           "&account_id=" + percent_encoded(setting(profile, "sso_account_id")),
                       headers);
  const auto answer = reply ? json::Doc::parse(reply->body) : Result<json::Doc>(fail(reply.error()));
  const auto role = answer ? answer->root()["roleCredentials"] : json::Value();
  if (!role["accessKeyId"].is(json::Kind::string))
    return refused(reply ? "the SSO portal answered " + std::to_string(reply->status)
                         : reply.error().message);
  FoundAwsCredentials found{.credentials = {.access_key = role["accessKeyId"].text(),
                                            .secret_key = Secret(role["secretAccessKey"].text()),
                                            .session_token = Secret(role["sessionToken"].text())},
                            .expires = {}};
  if (const auto ms = role["expiration"].integer()) found.expires = WallTime(std::chrono::milliseconds(*ms));
  return found;
}

// The profile's settings stand in two files; the credentials' own file wins.
Searched from_profile(const config::Environment& environment) {
  const std::string home = variable(environment, "HOME");
  auto file = [&](const std::string& name, const std::string& usual) {
    const auto named = variable(environment, name);
    const auto text = environment.read_file(named.empty() ? home + usual : named);
    return text ? read_aws_ini(*text) : AwsSections();
  };
  const auto credentials = file("AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
  const auto settings = file("AWS_CONFIG_FILE", "/.aws/config");
  const std::string named = variable(environment, "AWS_PROFILE");
  const std::string name = named.empty() ? "default" : named;
  std::map<std::string, std::string> profile;
  if (const auto found = credentials.find(name); found != credentials.end()) profile = found->second;
  for (const auto& section : {"profile " + name, name}) {
    if (const auto found = settings.find(section); found != settings.end())
      profile.insert(found->second.begin(), found->second.end());
  }
  if (profile.contains("aws_access_key_id") && profile.contains("aws_secret_access_key")) {
    return FoundAwsCredentials{.credentials = {.access_key = profile["aws_access_key_id"],
                                               .secret_key = Secret(profile["aws_secret_access_key"]),
                                               .session_token = Secret(profile["aws_session_token"])},
                               .expires = {}};
  }
  if (profile.contains("sso_account_id") && profile.contains("sso_role_name"))
    return from_sso(environment, settings, profile);
  for (const char* other : {"role_arn", "credential_process"}) {
    if (profile.contains(other)) {
      return refused("the profile '" + name + "' has " + other +
                     ", which is not supported; give access_key, secret_key and session_token");
    }
  }
  if (!named.empty()) return refused("AWS_PROFILE names '" + name + "', which has no keys");
  return std::nullopt;
}

// docs.aws.amazon.com, "Container credential provider".
Searched from_container(const config::Environment& environment) {
  std::string url = variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (const auto path = variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty())
    url = "http://169.254.170.2" + path;
  if (url.empty()) return std::nullopt;
  net::Headers headers;
  std::string token = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto path = variable(environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    const auto text = environment.read_file(path);
    if (!text) return refused(path + " " + text.error().message);
    token = text->substr(0, text->find_first_of("\r\n"));
  }
  if (!token.empty() && printable(token)) headers.add("Authorization", token);
  return read_credentials(ask_aws_endpoint("GET", url, headers), "the container's endpoint");
}

// docs.aws.amazon.com, "Use the Instance Metadata Service": version 2, with a session's token.
Searched from_instance(const config::Environment& environment) {
  if (!iequals(variable(environment, "AWS_EC2_METADATA_DISABLED"), "false")) return std::nullopt;
  std::string base = variable(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = "http://169.254.169.254";
  while (base.ends_with('/')) base.pop_back();
  const std::string where = "the instance's endpoint";
  net::Headers headers;
  headers.add("x-aws-ec2-metadata-token-ttl-seconds", "21600");
  const auto token = ask_aws_endpoint("PUT", base + "/latest/api/token", headers);
  if (!token || token->status != 200 || !printable(token->body)) return refused(where + " gave no token");
  headers = {};
  headers.add("x-aws-ec2-metadata-token", token->body);
  const std::string roles = base + "/latest/meta-data/iam/security-credentials";
  const auto role = ask_aws_endpoint("GET", roles + "/", headers);
  if (!role || role->status != 200 || role->body.empty()) return refused("the instance has no role");
  const auto name = role->body.substr(0, role->body.find('\n'));
  return read_credentials(ask_aws_endpoint("GET", roles + "/" + percent_encoded(name), headers), where);
}

}  // namespace

Result<FoundAwsCredentials> find_aws_credentials(const config::Environment& environment) {
  for (const auto search : {from_environment, from_profile, from_container, from_instance}) {
    auto found = search(environment);
    if (!found) return fail(std::move(found.error()));
    if (*found) return std::move(**found);
  }
  return refused(
      "neither AWS_ACCESS_KEY_ID nor a profile nor a container's endpoint is there; give the provider a key "
      "with access_key and secret_key, or a Bedrock API key as its value");
}

struct AwsCredentialChain::State {
  config::Environment environment;
  std::mutex lock;  // guards all below
  std::shared_ptr<const AwsCredentials> credentials;
  std::optional<WallTime> expires;
  std::string error;
  WallTime next_search{};
  bool searching = false;
};

AwsCredentialChain::AwsCredentialChain(config::Environment environment) : state_(std::make_shared<State>()) {
  state_->environment = std::move(environment);
}

AwsCredentialChain::Look AwsCredentialChain::look(WallTime now) {
  const std::lock_guard guard(state_->lock);
  State& s = *state_;
  if (!s.searching && now >= s.next_search) {
    std::thread([state = state_, now] {
      auto found = find_aws_credentials(state->environment);
      const std::lock_guard guard(state->lock);
      state->searching = false;
      state->next_search = now + kAfterFailure;  // an endpoint may go on to give what is about to end
      if (!found) {
        state->error = std::move(found.error().message);
        return;
      }
      state->error.clear();
      state->credentials = std::make_shared<const AwsCredentials>(std::move(found->credentials));
      state->expires = found->expires;
      const WallTime renew = found->expires ? *found->expires - kAhead : now + kReread;
      state->next_search = std::max(state->next_search, renew);
    }).detach();
    s.searching = true;  // its end waits for our lock
  }
  if (s.credentials && (!s.expires || now < *s.expires)) return {s.credentials, {}};
  if (s.searching) return {};  // the first search, or one that comes late
  return {nullptr, s.error.empty() ? "no AWS credentials: those found have expired" : s.error};
}

}  // namespace llmgw::providers
