#pragma once

#include "dialects/request.h"
#include "plugins/governance/key_book.h"

namespace llmgw::service {

// Finds out which virtual key a request comes with (docs: "Credentials"), and notes it. `x-llmgw-key`, if
// sent, is the only one read; else every place where an SDK puts its key, and of those only known ones count.
// What turned out to be a virtual key goes no further: it is taken out of the request's headers. `query` is
// the request's as it came. `required`: [server] auth = "virtual-key". Errors: auth, 401, for none where one
// is required, an unknown x-llmgw-key, a disabled or expired key; bad_request for two different keys.
Result<void> find_virtual_key(const plugins::KeyBook&, bool required, std::string_view query, WallTime now,
                              dialects::Request&);

}  // namespace llmgw::service
