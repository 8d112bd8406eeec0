#pragma once

#include <string>
#include <vector>

#include "providers/credential_source.h"

namespace llmgw::providers {

// Runs the command of a profile's credential_process, without a shell, and reads the JSON that it prints
// (docs.aws.amazon.com, "Process credential provider"): {"Version": 1, "AccessKeyId", "SecretAccessKey",
// "SessionToken", "Expiration"}. Blocks at most 30 s, then ends it. What it says on stderr goes to ours.
// Errors: auth.
Result<Credential> run_credential_process(const std::string& command);

// The words of a command line: blanks separate them; '…' is verbatim; in "…" and outside, \ takes the next
// character as it is. Empty when a quote stays open.
std::vector<std::string> command_words(const std::string& command);

}  // namespace llmgw::providers
