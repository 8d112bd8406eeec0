#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "base/time.h"
#include "config/environment.h"
#include "net/headers.h"
#include "net/http_message.h"

namespace llmgw::providers {

struct CredentialRequest {
  std::string method = "POST";
  std::string url;  // http or https; may have a query
  net::Headers headers;
  std::string body;
  Duration patience = 8s;  // for all of it
};

// What to wait for a metadata service, which is on this machine or not there at all.
inline constexpr Duration kMetadataPatience = 2s;

// Asks an endpoint that gives credentials out, over a loop of its own: blocks the calling thread. Plain http
// only to this machine's own addresses and those that the clouds give their metadata services; https through
// the environment's proxy. Errors: network, timeout; auth for plain http to another host.
Result<net::HttpResponse> ask_credential_endpoint(const CredentialRequest& request,
                                                  const config::Environment& environment);

using FormFields = std::vector<std::pair<std::string_view, std::string>>;
// "a=b&c=d", as application/x-www-form-urlencoded.
std::string form_encoded(const FormFields& fields);

struct Token {
  Secret value;  // not empty; a header can carry it
  WallTime expires;
};

// A token from the endpoint that `request` goes to (RFC 6749, 5.1): "access_token" (Google's IAM:
// "accessToken") with "expires_in", "expires_on" or "expireTime". `hidden` is what the request holds and no
// message may. Errors: auth; `what` says who refused, the message what it said.
Result<Token> ask_for_token(const CredentialRequest& request, const config::Environment& environment,
                            WallTime now, std::string_view what, const std::vector<std::string_view>& hidden);

// "2026-01-01T00:00:00Z", with or without a fraction; "…UTC" in older SSO caches.
// Years are held to 1970 to 2200, which a WallTime can count.
std::optional<WallTime> parse_utc(std::string_view text);

}  // namespace llmgw::providers
