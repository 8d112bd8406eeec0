#include "providers/google_credentials.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "net/endpoint.h"
#include "providers/credential_endpoint.h"
#include "providers/google_external.h"
#include "providers/jwt.h"

namespace llmgw::providers {
namespace {

constexpr std::string_view kScope = "https://www.googleapis.com/auth/cloud-platform";
constexpr std::string_view kTokenUri = "https://oauth2.googleapis.com/token";
constexpr int kDeepest = 3;  // impersonations of impersonations

std::unexpected<Error> lacks(std::string_view field) {
  return fail(ErrorClass::bad_request, "is a credential file of Google's without a right '" +
                                           std::string(field) + "'; download it anew");
}

CredentialRequest form_request(std::string url, const FormFields& fields) {
  CredentialRequest request{.url = std::move(url), .headers = {}, .body = form_encoded(fields)};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  return request;
}

Result<Credential> as_credential(Result<Token> token) {
  if (!token) return fail(std::move(token.error()));
  return Credential{
      .aws = {}, .bearer = std::move(token->value), .quota_project = {}, .expires = token->expires};
}

// developers.google.com/identity/protocols/oauth2/service-account, "Preparing to make an authorized API
// call".
Result<CredentialSearch> service_account(json::Value file, const config::Environment& environment) {
  const std::string email = file["client_email"].text(), key_id = file["private_key_id"].text();
  const Secret pem(file["private_key"].text());
  const std::string uri = file["token_uri"] ? file["token_uri"].text() : std::string(kTokenUri);
  if (email.empty()) return lacks("client_email");
  if (auto ok = check_rsa_key(pem); !ok) return lacks("private_key");
  if (!net::parse_base_url(uri)) return lacks("token_uri");
  return CredentialSearch([=](WallTime now) -> Result<Credential> {
    std::string header, claims;
    json::Writer head(header);
    head.begin_object().member("alg", "RS256").member("typ", "JWT");
    if (!key_id.empty()) head.member("kid", key_id);
    head.end_object();
    const int64_t issued = unix_ms(now) / 1000;
    json::Writer(claims)
        .begin_object()
        .member("iss", email)
        .member("scope", kScope)
        .member("aud", kTokenUri)  // always that, says the page, and so does google-auth, wherever it is sent
        .member("iat", issued)
        .member("exp", issued + 3600)
        .end_object();
    auto assertion = sign_jwt(header, claims, pem);
    if (!assertion)
      return fail(ErrorClass::auth, "the service account's private_key " + assertion.error().message);
    const auto request = form_request(
        uri, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", *assertion}});
    auto token = ask_for_token(request, environment, now, "Google's token endpoint", {*assertion});
    if (!token)
      token.error().message +=
          "; see that " + email + " exists, its key is valid, and this machine's clock is right";
    return as_credential(std::move(token));
  });
}

// As gcloud leaves it: google-auth 2.62.2, google/oauth2/credentials.py.
Result<CredentialSearch> authorized_user(json::Value file, const config::Environment& environment) {
  const std::string id = file["client_id"].text(), quota = file["quota_project_id"].text();
  const Secret secret(file["client_secret"].text()), refresh(file["refresh_token"].text());
  const std::string uri = file["token_uri"] ? file["token_uri"].text() : std::string(kTokenUri);
  if (id.empty()) return lacks("client_id");
  if (refresh.empty()) return lacks("refresh_token");
  if (!net::parse_base_url(uri)) return lacks("token_uri");
  return CredentialSearch([=](WallTime now) -> Result<Credential> {
    const auto request = form_request(uri, {{"grant_type", "refresh_token"},
                                            {"client_id", id},
                                            {"client_secret", std::string(secret.reveal())},
                                            {"refresh_token", std::string(refresh.reveal())}});
    auto token = ask_for_token(request, environment, now, "Google's token endpoint",
                               {secret.reveal(), refresh.reveal()});
    if (!token) token.error().message += "; run `gcloud auth application-default login`";
    auto credential = as_credential(std::move(token));
    if (credential) credential->quota_project = quota;
    return credential;
  });
}

// cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
CredentialSearch impersonating(const CredentialSearch& source, const std::string& url,
                               const config::Environment& environment) {
  return [=](WallTime now) -> Result<Credential> {
    auto own = source(now);
    if (!own) return own;
    CredentialRequest request{.url = url, .headers = {}, .body = {}};
    request.headers.add("Content-Type", "application/json");
    request.headers.add("Authorization", "Bearer " + std::string(own->bearer.reveal()));
    request.body = R"({"scope":[")" + std::string(kScope) + R"("],"lifetime":"3600s"})";
    return as_credential(
        ask_for_token(request, environment, now, "Google's IAM (impersonation)", {own->bearer.reveal()}));
  };
}

Result<GoogleFile> read_file_of(json::Value file, const config::Environment& environment, int depth) {
  const std::string type = file["type"].text();
  GoogleFile out{.search = {}, .project = file["project_id"].text()};
  if (out.project.empty()) out.project = file["quota_project_id"].text();
  const std::string impersonation = file["service_account_impersonation_url"].text();
  if (!impersonation.empty() && !net::parse_base_url(impersonation))
    return lacks("service_account_impersonation_url");
  Result<CredentialSearch> search = CredentialSearch();
  if (type == "service_account") {
    search = service_account(file, environment);
  } else if (type == "authorized_user") {
    search = authorized_user(file, environment);
  } else if (type == "external_account") {
    search = external_account(file, environment);
  } else if (type == "impersonated_service_account" && depth < kDeepest) {
    if (impersonation.empty()) return lacks("service_account_impersonation_url");
    auto source = read_file_of(file["source_credentials"], environment, depth + 1);
    if (!source) return fail(std::move(source.error()));
    search = std::move(source->search);
  } else {
    return fail(
        ErrorClass::bad_request,
        "is no credential file of Google's that can be used: its type is '" + shortened(type, 40) +
            "', not service_account, authorized_user, external_account or impersonated_service_account");
  }
  if (!search) return fail(std::move(search.error()));
  out.search = std::move(*search);
  const bool impersonates = type == "external_account" || type == "impersonated_service_account";
  if (impersonates && !impersonation.empty())
    out.search = impersonating(out.search, impersonation, environment);
  return out;
}

std::string variable(const config::Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

// Where gcloud keeps its settings (google-auth 2.62.2, google/auth/_cloud_sdk.py).
std::string gcloud_file(const config::Environment& environment) {
  std::string folder = variable(environment, "CLOUDSDK_CONFIG");
  if (folder.empty()) folder = variable(environment, "HOME") + "/.config/gcloud";
  return folder + "/application_default_credentials.json";
}

// cloud.google.com/compute/docs/metadata/predefined-metadata-keys
Result<Credential> from_metadata(const config::Environment& environment, WallTime now) {
  std::string host = variable(environment, "GCE_METADATA_HOST");
  if (host.empty()) host = "metadata.google.internal";
  CredentialRequest request{
      .method = "GET",
      .url = "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/token",
      .headers = {},
      .body = {},
      .patience = kMetadataPatience};
  request.headers.add("Metadata-Flavor", "Google");
  auto token = ask_for_token(request, environment, now, "Google's metadata server", {});
  if (!token) token.error().message += "; see that a service account is attached to this machine";
  return as_credential(std::move(token));
}

}  // namespace

Result<GoogleFile> read_google_file(std::string_view json, const config::Environment& environment) {
  const auto doc = json::Doc::parse(json, {.max_depth = 32});
  if (!doc || !doc->root().is(json::Kind::object))
    return fail(ErrorClass::bad_request, "is no credential file of Google's: it is no JSON object");
  return read_file_of(doc->root(), environment, 0);
}

CredentialSearch google_default_search(const config::Environment& environment, bool metadata) {
  return [=](WallTime now) -> Result<Credential> {
    const std::string named = variable(environment, "GOOGLE_APPLICATION_CREDENTIALS");
    const std::string path = named.empty() ? gcloud_file(environment) : named;
    const auto text = environment.read_file(path);
    if (text) {
      auto file = read_google_file(*text, environment);
      if (!file) return fail(ErrorClass::auth, path + " " + file.error().message);
      return file->search(now);
    }
    if (!named.empty())
      return fail(ErrorClass::auth, "GOOGLE_APPLICATION_CREDENTIALS: " + named + " " + text.error().message);
    if (metadata || !variable(environment, "GCE_METADATA_HOST").empty())
      return from_metadata(environment, now);
    return fail(ErrorClass::auth,
                "no Google credentials: GOOGLE_APPLICATION_CREDENTIALS is not set and " + path +
                    " is not there; give the provider a key with value = \"file:…\" (a service account's "
                    "JSON), run `gcloud auth application-default login`, or set metadata = true on a machine "
                    "of Google's");
  };
}

std::string google_default_project(const config::Environment& environment) {
  for (const char* name : {"GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"}) {
    if (const auto project = variable(environment, name); !project.empty()) return project;
  }
  const std::string path = variable(environment, "GOOGLE_APPLICATION_CREDENTIALS");
  if (path.empty()) return {};
  const auto text = environment.read_file(path);
  const auto file = text ? read_google_file(*text, environment) : Result<GoogleFile>(fail(text.error()));
  return file ? file->project : std::string();
}

}  // namespace llmgw::providers
