#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dialects/codec.h"
#include "net/fiber.h"
#include "net/headers.h"
#include "observe/record.h"
#include "routing/topology.h"

namespace llmgw::plugins {

class Plugin;

// How long the plugins of one request may wait, all attempts together, and on what.
struct Patience {
  net::Scheduler& fibers;
  TimePoint deadline;  // of the request
  Duration left = 1s;
};

// One attempt as plugins see it. Each attempt has a new one: nothing that a plugin leaves in
// it is seen by the next.
class Attempt {
 public:
  Attempt(const dialects::Request& of, const routing::Target& at, observe::AttemptRecord& in, int n,
          Patience* wait = nullptr)
      : request(of), target(at), record(in), number(n), patience(wait) {}

  const dialects::Request& request;
  const routing::Target& target;
  observe::AttemptRecord& record;  // key, status and class are filled in as they become known
  int number;                      // of the request's attempts, from 0
  Patience* patience;              // of the request's plugins; nullptr: none may wait
  // Set in `sending`: the most tokens that the answer may have, where the client set no limit.
  std::optional<int64_t> output_limit;

  // What a plugin keeps from one hook of this attempt to the next: of one type each, made when first asked
  // for.
  template <typename T>
  T& note(const Plugin& owner) {
    if (T* found = find_note<T>(owner)) return *found;
    auto made = std::make_shared<T>();
    T& note = *made;
    notes_.emplace_back(&owner, std::move(made));
    return note;
  }
  // nullptr: there is none.
  template <typename T>
  T* find_note(const Plugin& owner) const {
    for (const auto& [whose, note] : notes_) {
      if (whose == &owner) return static_cast<T*>(note.get());
    }
    return nullptr;
  }

 private:
  std::vector<std::pair<const Plugin*, std::shared_ptr<void>>> notes_;
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

// An ended attempt, as `after` sees it: a failure, or that it answered (whole, or a stream to its end). What
// a plugin further in refused is a failure, what it put in the reply's place is the reply.
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
  // Once a request, before its chain is looked for; a refusal ends it. Where it passed, leave() is called
  // exactly once, when the request has ended. Neither may wait.
  virtual Verdict enter(const dialects::Request&) { return Pass{}; }
  virtual void leave(const dialects::Request&) {}
  virtual Verdict before(Attempt&) { return Pass{}; }
  // A call will really be made with the key in the record: what it may cost is reserved here. May wait, as
  // long as the attempt's patience lasts.
  virtual Verdict sending(Attempt&) { return Pass{}; }
  // Its first byte goes out now. May not wait.
  virtual void sent(Attempt&) {}
  // An answer that it refuses is not given: a whole reply is another failure of the chain, a stream ends with
  // the error in place of its last event. An answer of its own takes the place of a whole reply or of a
  // failure. Refusing a failure leaves that its words, and only says whether fallback may go on.
  virtual Verdict after(Attempt&, const Ending&) { return Pass{}; }
};

}  // namespace llmgw::plugins
