#pragma once

#include <optional>
#include <string>
#include <variant>

#include "dialects/codec.h"
#include "net/headers.h"
#include "observe/record.h"
#include "routing/topology.h"

namespace llmgw::plugins {

// One attempt as plugins see it. Each attempt has a new one: nothing that a plugin leaves in
// it, or in `state`, is seen by the next.
struct Attempt {
  const dialects::Request& request;
  const routing::Target& target;
  observe::AttemptRecord& record;  // key, status and class are filled in as they become known
  int number = 0;                  // of the request's attempts, from 0
};

// A whole reply, as a provider or a plugin gave it.
struct Reply {
  int status = 200;
  net::Headers headers;
  std::string body;
  dialects::ReplyFacts facts;
  // Of a provider of another dialect than the client's: `body` is written from it for the client.
  std::optional<dialects::Answer> answer;
};

// What an attempt came to.
struct Failure {
  Error error;
  bool upstream = false;  // a provider said it: `headers` and `body` are its own words
  bool foreign = false;   // in another dialect than the client's
  net::Headers headers;
  std::string body;
  bool may_fall_back = true;  // false: a plugin's veto
};

// Go on; answer in the provider's place; refuse, with or without a veto on fallback.
struct Pass {};
struct Refuse {
  Error error;
  bool may_fall_back = false;
};
using Verdict = std::variant<Pass, Reply, Refuse>;

// An ended attempt, as `after` sees it: a failure, or that it answered (whole, or a stream to its end).
struct Ending {
  const Failure* failure = nullptr;
  const Reply* reply = nullptr;  // a whole reply only
  bool cut = false;              // a stream that broke after its commit point
};

// Runs on every attempt, in the order of registration; `after` in reverse. A plugin whose
// `before` ran has its `after` run exactly once, however the attempt ended. Called on the
// request's fiber, from several loops at once.
class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual std::string_view name() const = 0;
  virtual Verdict before(Attempt&) { return Pass{}; }
  // A call will really be made with the key in the record: what it may cost is reserved here.
  virtual Verdict sending(Attempt&) { return Pass{}; }
  virtual void after(Attempt&, const Ending&) {}
};

}  // namespace llmgw::plugins
