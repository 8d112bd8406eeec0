#include "providers/azure_credentials.h"

#include <array>

#include "base/text.h"
#include "providers/credential_endpoint.h"

namespace llmgw::providers {
namespace {

// learn.microsoft.com: "Azure OpenAI in Azure Government"; "National clouds", Microsoft Entra's endpoints.
struct Cloud {
  std::string_view host_ends, authority, resource;
};
constexpr std::array kClouds = {
    Cloud{".azure.us", "https://login.microsoftonline.us", "https://cognitiveservices.azure.us"},
    Cloud{".azure.cn", "https://login.partner.microsoftonline.cn", "https://cognitiveservices.azure.cn"},
    Cloud{"", "https://login.microsoftonline.com", "https://cognitiveservices.azure.com"},
};

const Cloud& cloud_of(std::string_view host) {
  for (const Cloud& cloud : kClouds) {
    if (host.ends_with(cloud.host_ends)) return cloud;
  }
  return kClouds.back();
}

std::string variable(const config::Environment& environment, const std::string& name) {
  return environment.variable(name).value_or("");
}

Result<Credential> as_credential(Result<Token> token, std::string_view hint) {
  if (!token) {
    token.error().message += "; " + std::string(hint);
    return fail(std::move(token.error()));
  }
  return Credential{
      .aws = {}, .bearer = std::move(token->value), .quota_project = {}, .expires = token->expires};
}

CredentialRequest token_request(const EntraApplication& application, const Cloud& cloud, FormFields proof) {
  std::string url(application.authority.empty() ? cloud.authority : application.authority);
  while (url.ends_with('/')) url.pop_back();
  FormFields fields = {{"grant_type", "client_credentials"},
                       {"client_id", application.client_id},
                       {"scope", std::string(cloud.resource) + "/.default"}};
  for (auto& field : proof) fields.push_back(std::move(field));
  CredentialRequest request{.url = url + "/" + percent_encoded(application.tenant_id) + "/oauth2/v2.0/token",
                            .headers = {},
                            .body = form_encoded(fields)};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  return request;
}

// A pod's own token in place of a secret (azure-identity, WorkloadIdentityCredential).
CredentialSearch workload_search(const EntraApplication& application, const std::string& path,
                                 const Cloud& cloud, const config::Environment& environment) {
  return [=](WallTime now) -> Result<Credential> {
    auto text = environment.read_file(path);
    if (!text)
      return fail(ErrorClass::auth, "AZURE_FEDERATED_TOKEN_FILE: " + path + " " + text.error().message);
    while (!text->empty() && static_cast<unsigned char>(text->back()) <= ' ') text->pop_back();
    const Secret assertion(std::move(*text));
    const auto request =
        token_request(application, cloud,
                      {{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                       {"client_assertion", std::string(assertion.reveal())}});
    return as_credential(ask_for_token(request, environment, now, "Microsoft Entra", {assertion.reveal()}),
                         "see that the application has a federated credential for this workload");
  };
}

// azure-identity 1.26, _credentials/app_service.py and imds.py.
CredentialSearch managed_identity_search(const Cloud& cloud, const config::Environment& environment) {
  return [=](WallTime now) -> Result<Credential> {
    const std::string endpoint = variable(environment, "IDENTITY_ENDPOINT");
    std::string host = variable(environment, "AZURE_POD_IDENTITY_AUTHORITY_HOST");
    if (host.empty()) host = "http://169.254.169.254";
    while (host.ends_with('/')) host.pop_back();
    CredentialRequest request{
        .method = "GET", .url = {}, .headers = {}, .body = {}, .patience = kMetadataPatience};
    FormFields query;
    if (!endpoint.empty()) {
      request.url = endpoint;
      request.headers.add("X-IDENTITY-HEADER", variable(environment, "IDENTITY_HEADER"));
      query = {{"api-version", "2019-08-01"}};
    } else {
      request.url = host + "/metadata/identity/oauth2/token";
      request.headers.add("Metadata", "true");
      query = {{"api-version", "2018-02-01"}};
    }
    query.emplace_back("resource", cloud.resource);
    if (const auto id = variable(environment, "AZURE_CLIENT_ID"); !id.empty())
      query.emplace_back("client_id", id);
    request.url += "?" + form_encoded(query);
    const std::string header(request.headers.get("X-IDENTITY-HEADER"));
    return as_credential(
        ask_for_token(request, environment, now, "the managed identity's endpoint", {header}),
        "see that an identity is assigned to this machine");
  };
}

}  // namespace

CredentialSearch entra_search(EntraApplication application, std::string_view host,
                              config::Environment environment) {
  return [application = std::move(application), &cloud = cloud_of(host),
          environment = std::move(environment)](WallTime now) -> Result<Credential> {
    const auto secret = application.client_secret.reveal();
    const auto request = token_request(application, cloud, {{"client_secret", std::string(secret)}});
    return as_credential(ask_for_token(request, environment, now, "Microsoft Entra", {secret}),
                         "see tenant_id, client_id and client_secret, and that the application has the role "
                         "'Cognitive Services OpenAI User' on the resource");
  };
}

std::optional<CredentialSearch> azure_default_search(const config::Environment& environment, bool metadata,
                                                     std::string_view host) {
  EntraApplication application{.tenant_id = variable(environment, "AZURE_TENANT_ID"),
                               .client_id = variable(environment, "AZURE_CLIENT_ID"),
                               .client_secret = Secret(variable(environment, "AZURE_CLIENT_SECRET")),
                               .authority = variable(environment, "AZURE_AUTHORITY_HOST")};
  if (!application.authority.empty() && application.authority.find("://") == std::string::npos)
    application.authority = "https://" + application.authority;
  const bool named = !application.tenant_id.empty() && !application.client_id.empty();
  if (named && !application.client_secret.empty())
    return entra_search(std::move(application), host, environment);
  const std::string token = variable(environment, "AZURE_FEDERATED_TOKEN_FILE");
  if (named && !token.empty()) return workload_search(application, token, cloud_of(host), environment);
  const bool app_service = !variable(environment, "IDENTITY_ENDPOINT").empty();
  if (app_service || metadata) return managed_identity_search(cloud_of(host), environment);
  return std::nullopt;
}

}  // namespace llmgw::providers
