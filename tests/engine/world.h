#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "dialects/codec.h"
#include "engine/engine.h"
#include "engine/kept_bodies.h"
#include "simulate/simulated_answer.h"
#include "simulate/simulated_transport.h"
#include "simulate/virtual_time.h"
#include "store/memory_rests.h"

namespace llmgw::engine {

using simulate::answers;
using simulate::Fault;
using simulate::Manner;
using simulate::SeenCall;
using simulate::SimulatedCall;

// What a client got.
struct Got {
  int status = 0;
  net::Headers headers;
  std::string body;
  Duration first_byte{};  // since the request; of a stream's first piece
  Duration took{};
  int answers = 0;  // send() or begin(): more than one is a fault
  bool ended = false, aborted = false, returned = false;

  json::Doc json() const { return json::Doc::parse(body).value(); }
  // `extra_fields` of a whole reply or an error, as JSON text.
  std::string extra_fields() const { return std::string(json().root()["extra_fields"].raw()); }
  bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
  // The text of a chat stream's deltas.
  std::string streamed_text() const;
};

// What a client asks, and how it behaves.
struct Ask {
  std::string model = "a/m";
  bool stream = false;
  dialects::Dialect dialect = dialects::Dialect::openai_chat;
  bool bare = false;  // the body has no messages but those in `more`
  std::string more;   // members of the body: `,"fallbacks":[…]`
  std::optional<Duration> timeout, client_timeout;
  std::optional<config::Commit> commit;
  net::Headers headers;
  Duration at{};                         // when it asks
  std::optional<Duration> leaves_after;  // it goes away so long after it asked
  Duration slowness{};                   // it takes that long for each piece
  bool once = false;
  std::string virtual_key;  // the value that it comes with
};

// A config, upstreams by script, and the engine between them, in virtual time.
class TestWorld {
 public:
  explicit TestWorld(std::string_view toml, uint64_t seed = 1);
  TestWorld(std::shared_ptr<const config::Config>, uint64_t seed);

  using Script = std::function<SimulatedCall(const SeenCall&)>;
  // What the calls to a provider come to, one after the other; the last goes on for ever.
  void when(const std::string& provider, std::vector<Script> scripts);

  // Asks once and runs until all is quiet.
  Got ask(const Ask& = {});
  // Asks when the world runs; the reply stands there once run() has returned.
  const Got& start(const Ask&);
  void run() { fibers.run(); }
  void rest(Duration d);  // lets time pass

  // "a:k1 a:k2 b:k1": the calls that upstreams saw, by provider and key.
  std::string calls() const;
  size_t count(const std::string& provider) const;

  simulate::VirtualScheduler fibers;
  Random random;
  simulate::SimulatedTransport transport;
  store::MemoryRests rests{256};
  routing::State state;
  std::vector<std::unique_ptr<plugins::Plugin>> plugins;
  std::vector<observe::RequestRecord> records;  // of requests that have ended
  std::shared_ptr<const routing::Topology> topology;

 private:
  SimulatedCall answer(const SeenCall&);
  void serve(const Ask&, Got&);

  std::map<std::string, std::deque<Script>> scripts_;
  std::deque<Got> got_;
  std::unique_ptr<Engine> engine_;
};

// A config of providers with one key each, "k1" ("sk-NAME-k1"), at http://NAME.test/v1, and no jitter to wait
// for: `providers_toml({"a", "b"})`. `keys`: how many each has.
std::string providers_toml(std::initializer_list<std::string_view> names, int keys = 1,
                           std::string_view more = "");

// Scripts.
inline TestWorld::Script ok(Manner manner = {}) {
  return [manner](const SeenCall& call) { return answers(call, manner); };
}
inline TestWorld::Script fault(std::string_view word, std::optional<Duration> retry_after = std::nullopt) {
  const auto parsed = simulate::parse_fault(word);
  return [f = parsed.value(), retry_after](const SeenCall& call) {
    return simulate::fails(call, f, retry_after);
  };
}
inline TestWorld::Script raw(std::string type, std::string body) {
  return [=](const SeenCall&) { return simulate::says(type, body); };
}
inline TestWorld::Script refused() {
  return [](const SeenCall&) { return simulate::refuses_connection(); };
}

}  // namespace llmgw::engine
