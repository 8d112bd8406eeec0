#pragma once

#include <memory>
#include <variant>

#include "engine/relay.h"
#include "engine/stream_hooks.h"
#include "engine/turn_watch.h"
#include "plugins/plugin.h"

namespace llmgw::engine {

using plugins::Failure;
using plugins::Reply;

// A stream at its commit point: its first content stands in relay->out, nothing is sent yet.
struct Stream {
  int status = 200;
  net::Headers headers;
  std::unique_ptr<Relay> relay;
  std::unique_ptr<TurnWatch> turn;     // of a stream that is translated; its relay tells it of each event
  std::unique_ptr<StreamHooks> hooks;  // where plugins watch it
  routing::Gate::Place place;          // among the provider's calls, until the stream has ended
};

// A provider that has switched to the protocol asked for: its connection is carried to the client from here
// on.
struct Tunnel {
  net::Headers headers;
  std::unique_ptr<net::Exchange> exchange;  // with a duplex()
  routing::Gate::Place place;               // among the provider's calls, until it ends
};

// What one attempt came to, and whose it was.
struct Outcome {
  std::variant<Failure, Reply, Stream, Tunnel> what;
  size_t link = 0;                                       // of the chain
  size_t record = 0;                                     // of the trail
  std::unique_ptr<plugins::Attempt> attempt;             // until its `after` hooks have run
  size_t plugins = 0;                                    // how many `before` hooks ran
  std::unique_ptr<dialects::Conversation> conversation;  // of a request that a plugin changed, once read
  int64_t estimated_tokens = 0;                          // of its prompt; 0: not estimated
  bool sent = false;  // a byte of the request may have reached the provider

  const Failure* failure() const { return std::get_if<Failure>(&what); }
  bool answered() const { return failure() == nullptr; }
};

}  // namespace llmgw::engine
