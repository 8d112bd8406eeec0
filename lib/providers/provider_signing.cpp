// How a cloud's provider is called: with a value as any other, with a signature, or with a token that is
// made.
#include "base/text.h"
#include "providers/aws_credentials.h"
#include "providers/azure_credentials.h"
#include "providers/google_credentials.h"
#include "providers/provider.h"

namespace llmgw::providers {
namespace {

constexpr std::string_view kService = "bedrock";  // also at the host bedrock-runtime

// "bedrock-runtime.eu-central-1.amazonaws.com", "bedrock-runtime-fips.…": the region; empty: another host.
std::string region_of(std::string_view host) {
  const size_t dot = host.find('.');
  if (!host.starts_with("bedrock-runtime") || dot == std::string_view::npos) return {};
  const auto rest = host.substr(dot + 1);
  const size_t end = rest.find(".amazonaws.com");
  return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

}  // namespace

// What the config is silent about, as the vendors' SDKs take it from the environment.
void Provider::fill_in(const config::Environment& environment) {
  auto first_of = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (auto value = environment.variable(name); value && !value->empty()) return *value;
    }
    return std::string();
  };
  const bool google = row_->auth == AuthScheme::google_oauth;
  if (config_.region.empty() && row_->auth == AuthScheme::sigv4)
    config_.region = first_of({"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (config_.region.empty() && google)
    config_.region = first_of({"GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION"});
  if (!config_.project.empty() || !google || !config_.base_url.empty()) return;
  for (const auto& key : keys_) {
    const auto file = read_google_file(key.value.reveal(), environment);
    if (file && config_.project.empty()) config_.project = file->project;
  }
  if (config_.project.empty()) config_.project = google_default_project(environment);
}

// The search that a key stands for; empty: the key's own value or signature will do. Errors: what is wrong
// with the key.
Result<CredentialSearch> Provider::search_of(const config::Key& key,
                                             const config::Environment& environment) const {
  const bool aws = row_->auth == AuthScheme::sigv4, azure = row_->kind == "azure";
  const bool signs = !key.access_key.empty() || !key.profile.empty() || !key.role_arn.empty();
  if (signs && !aws) return fail(ErrorClass::bad_request, "access_key, profile and role_arn are for bedrock");
  if (!key.tenant_id.empty() && !azure)
    return fail(ErrorClass::bad_request, "tenant_id, client_id and client_secret are for azure");
  if (!key.profile.empty() || !key.role_arn.empty()) {
    AwsSearch search{.environment = environment,
                     .region = signing_region_,
                     .own = {},
                     .profile = key.profile,
                     .role_arn = key.role_arn,
                     .external_id = key.external_id,
                     .metadata = config_.metadata};
    search.own = {.access_key = std::string(key.access_key.reveal()),
                  .secret_key = key.secret_key,
                  .session_token = key.session_token};
    return CredentialSearch([search](WallTime now) { return find_aws_credentials(search, now); });
  }
  if (!key.tenant_id.empty()) {
    return entra_search({.tenant_id = key.tenant_id,
                         .client_id = key.client_id,
                         .client_secret = key.client_secret,
                         .authority = key.authority},
                        native_.host, environment);
  }
  if (row_->auth != AuthScheme::google_oauth || key.value.empty()) return CredentialSearch();
  const auto value = key.value.reveal();
  const size_t first = value.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && value[first] == '{') {
    auto file = read_google_file(value, environment);
    if (!file) return fail(std::move(file.error()));
    return std::move(file->search);
  }
  if (value.starts_with('/') || value.ends_with(".json"))
    return fail(ErrorClass::bad_request,
                "its value is a path; write value = \"file:PATH\" for what the file holds");
  if (!printable(value) || value != trim(value))
    return fail(ErrorClass::bad_request, "its value is neither an access token nor a credential file");
  return CredentialSearch();
}

Result<void> Provider::set_credentials(const config::Environment& environment) {
  const bool aws = row_->auth == AuthScheme::sigv4;
  if (aws) signing_region_ = config_.region.empty() ? region_of(native_.host) : config_.region;
  const bool machine = config_.keys.empty() && !config_.forward_auth;
  bool signs = machine;
  for (const auto& key : keys_) signs = signs || key.value.empty();
  if (aws && signs && signing_region_.empty()) {
    return fail(ErrorClass::bad_request,
                where() + "the signature of AWS needs region = \"…\", as in region = \"us-east-1\"");
  }
  for (const auto& key : keys_) {
    auto search = search_of(key, environment);
    if (!search)
      return fail(ErrorClass::bad_request, where() + "key '" + key.name + "': " + search.error().message);
    key_sources_.push_back(*search ? std::make_unique<CredentialSource>(std::move(*search)) : nullptr);
  }
  if (!machine) return {};
  std::optional<CredentialSearch> search;
  if (aws) {
    search = [search = AwsSearch{.environment = environment,
                                 .region = signing_region_,
                                 .own = {},
                                 .profile = {},
                                 .role_arn = {},
                                 .external_id = {},
                                 .metadata = config_.metadata}](WallTime now) {
      return find_aws_credentials(search, now);
    };
  } else if (row_->auth == AuthScheme::google_oauth) {
    search = google_default_search(environment, config_.metadata);
  } else if (row_->kind == "azure") {
    search = azure_default_search(environment, config_.metadata, native_.host);
  }
  if (search) machine_ = std::make_unique<CredentialSource>(std::move(*search));
  return {};
}

CredentialSource* Provider::source_of(const config::Key* key) const {
  if (key == nullptr) return machine_.get();
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (&keys_[i] == key || keys_[i].name == key->name) return key_sources_[i].get();
  }
  return nullptr;
}

Result<Provider::Signing> Provider::sign(net::Call& call, const config::Key* key, WallTime now) const {
  const bool aws = row_->auth == AuthScheme::sigv4;
  AwsCredentials own;
  std::shared_ptr<const Credential> found;
  if (auto* source = source_of(key)) {
    if (key == nullptr && call.headers.has("authorization")) return Signing::done;  // the client pays
    auto look = source->look(now);
    if (!look.credential) {
      if (look.error.empty()) return Signing::pending;
      return fail(ErrorClass::auth, std::move(look.error));
    }
    found = std::move(look.credential);
  } else if (!aws || key == nullptr || !key->value.empty()) {
    return Signing::done;
  } else {
    own = {.access_key = std::string(key->access_key.reveal()),
           .secret_key = key->secret_key,
           .session_token = key->session_token};
  }
  if (!aws) {
    call.headers.set("authorization", "Bearer " + std::string(found->bearer.reveal()));
    if (!found->quota_project.empty()) call.headers.set("x-goog-user-project", found->quota_project);
    return Signing::done;
  }
  sign_sigv4({.method = call.method,
              .host = call.endpoint->authority,
              .target = call.target,
              .body = call.body,
              .region = signing_region_,
              .service = kService},
             found ? found->aws : own, now, call.headers);
  return Signing::done;
}

}  // namespace llmgw::providers
