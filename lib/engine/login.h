#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/headers.h"
#include "store/rests.h"

// The client's own login at a provider with `forward_auth`: a coding agent's plan, say. It rests as our keys
// do when the plan's limit is reached, under a hash: the token itself is never kept.
namespace llmgw::engine {

// Its rest's name: "login:HASH:PROVIDER/MODEL". `client`: headers with a credential.
std::string login_rest(const net::Headers& client, std::string_view provider, std::string_view model);

// What the provider said of it. A limit rests it until the plan begins anew; a token that is refused does not
// rest: the client, who alone can renew it, is to hear of that.
void report_login(const std::string& rest, const Error& error, store::Rests& rests, WallTime now);

}  // namespace llmgw::engine
