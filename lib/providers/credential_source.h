#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "base/time.h"
#include "providers/sigv4.h"

namespace llmgw::providers {

// What a call is authorized with that was found or made at run time: keys to sign with, or a token to send.
struct Credential {
  AwsCredentials aws;         // set where its access_key is
  Secret bearer;              // else this
  std::string quota_project;  // Google: the project that is billed, where the credential says so
  std::optional<WallTime> expires;
};

// Finds or makes one: reads files, asks endpoints, may take seconds; never on a fiber. Errors: auth, saying
// what was tried and what to do.
using CredentialSearch = std::function<Result<Credential>(WallTime now)>;

// Keeps what a search found, and searches again before it ends (5 min before, or half its life where that is
// shorter), or after 5 min where no end is said, on a thread of its own. While a renewal fails, what was
// found holds until its end. Thread-safe; searches nothing before the first look().
class CredentialSource {
 public:
  explicit CredentialSource(CredentialSearch search);

  struct Look {
    std::shared_ptr<const Credential> credential;  // null: none yet
    std::string error;                             // why there is none; empty: the search goes on
  };
  // What is known now; never waits.
  Look look(WallTime now);

  // The provider refused it: it is searched for anew, once a minute at most.
  void refused(WallTime now);

  // What calls under way may carry: what it has, and what it had before.
  std::vector<std::shared_ptr<const Credential>> held() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // a search that goes on shares it
};

}  // namespace llmgw::providers
