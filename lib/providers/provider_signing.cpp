// How a provider of AWS is called: with a Bedrock API key as any other, or with a signature.
#include "base/text.h"
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

Result<void> Provider::set_signing(config::Environment environment) {
  if (row_->auth != AuthScheme::sigv4) return {};
  signing_region_ = config_.region.empty() ? region_of(native_.host) : config_.region;
  bool signs = config_.keys.empty() && !config_.forward_auth;
  for (const auto& key : keys_) signs = signs || key.value.empty();
  if (!signs) return {};
  if (signing_region_.empty()) {
    return fail(ErrorClass::bad_request,
                where() + "the signature of AWS needs region = \"…\", as in region = \"us-east-1\"");
  }
  if (config_.keys.empty()) chain_ = std::make_unique<AwsCredentialChain>(std::move(environment));
  return {};
}

Result<Provider::Signing> Provider::sign(net::Call& call, const config::Key* key, WallTime now) const {
  if (row_->auth != AuthScheme::sigv4) return Signing::done;
  AwsCredentials own;
  std::shared_ptr<const AwsCredentials> found;
  if (key != nullptr) {
    if (!key->value.empty()) return Signing::done;
    own = {.access_key = std::string(key->access_key.reveal()),
           .secret_key = key->secret_key,
           .session_token = key->session_token};
  } else {
    if (chain_ == nullptr || call.headers.has("authorization")) return Signing::done;
    auto look = chain_->look(now);
    if (!look.credentials) {
      if (look.error.empty()) return Signing::pending;
      return fail(ErrorClass::auth, std::move(look.error));
    }
    found = std::move(look.credentials);
  }
  sign_sigv4({.method = call.method,
              .host = call.endpoint->authority,
              .target = call.target,
              .body = call.body,
              .region = signing_region_,
              .service = kService},
             found ? *found : own, now, call.headers);
  return Signing::done;
}

}  // namespace llmgw::providers
