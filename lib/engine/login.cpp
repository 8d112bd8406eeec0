#include "engine/login.h"

#include "base/secret.h"
#include "engine/forward.h"

namespace llmgw::engine {

std::string login_rest(const net::Headers& client, std::string_view provider, std::string_view model) {
  return "login:" + sha256_hex(credential(client)).substr(0, 16) + ":" + std::string(provider) + "/" +
         std::string(model);
}

void report_login(const std::string& rest, const Error& error, store::Rests& rests, WallTime now) {
  if (error.error_class == ErrorClass::rate_limit || error.error_class == ErrorClass::quota)
    rests.begin(rest, error.error_class, error.retry_after, now);
}

}  // namespace llmgw::engine
