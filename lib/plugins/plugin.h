#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "dialects/codec.h"
#include "net/transport.h"
#include "plugins/attempt.h"

namespace llmgw::plugins {

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

// Go on; answer in the provider's place, whole or by a reply that was the provider's once; refuse, with or
// without a veto on fallback.
struct Pass {};
struct Replay {
  dialects::Dialect dialect = dialects::Dialect::openai_chat;  // of the provider
  std::unique_ptr<net::Exchange> exchange;
};
struct Refuse {
  Error error;
  bool may_fall_back = false;
};
using Verdict = std::variant<Pass, Reply, Replay, Refuse>;

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
  // Whether its own breakdown leaves the answer as it was; else the attempt fails with it.
  virtual bool may_be_missed() const { return false; }
  // Once a request, before its chain is looked for; a refusal ends it. Where it passed, leave() is called
  // exactly once, when the request has ended. Neither may wait.
  virtual Verdict enter(const dialects::Request&) { return Pass{}; }
  virtual void leave(const dialects::Request&) {}
  virtual Verdict before(Attempt&) { return Pass{}; }
  // Whether `before` may have an answer to the request where nobody can be called: a target that is passed
  // over then has its `before` hooks, and their `after`, too.
  virtual bool may_answer(const dialects::Request&) const { return false; }
  // A call will really be made with the key in the record: what it may cost is reserved here. May wait, as
  // long as the attempt's patience lasts.
  virtual Verdict sending(Attempt&) { return Pass{}; }
  // Its first byte goes out now. May not wait.
  virtual void sent(Attempt&) {}
  // A reply begins, in the provider's dialect: what is given back stands in its place, and may keep what
  // passes.
  virtual std::unique_ptr<net::Exchange> received(Attempt&, dialects::Dialect,
                                                  std::unique_ptr<net::Exchange> reply) {
    return reply;
  }
  // Asked once the attempt's reply is known to be a stream: whether on_event() is to be called. The stream is
  // then read and written again event by event; one that cannot be read so is refused.
  virtual bool watches_stream(const Attempt&) const { return false; }
  // One event of the stream, the inner plugins first. What goes on to the client in its place is appended to
  // `out`: none, one, several. Pass or Refuse, which ends the stream with its error. May not wait.
  virtual Verdict on_event(Attempt&, dialects::StreamEvent&& event, std::vector<dialects::StreamEvent>& out) {
    out.push_back(std::move(event));
    return Pass{};
  }
  // An answer that it refuses is not given: a whole reply is another failure of the chain, a stream ends with
  // the error in place of its last event. An answer of its own takes the place of a whole reply or of a
  // failure. Refusing a failure leaves that its words, and only says whether fallback may go on.
  virtual Verdict after(Attempt&, const Ending&) { return Pass{}; }
};

}  // namespace llmgw::plugins
