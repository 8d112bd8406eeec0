#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/kept_bodies.h"
#include "engine/outcome.h"
#include "engine/wire.h"
#include "engine/world.h"
#include "net/http_server.h"

namespace llmgw::engine {

class Race;

// One request on its way: its chain, its trail, what it may still do. Lives on its fiber's
// stack; a racer's fiber shares it, and ends before it does.
class Run {
 public:
  Run(const World&, dialects::Request&, std::shared_ptr<const routing::Topology>, net::ResponseWriter&);

  ~Run();

  // The life of the request from its chain to its last byte.
  void go();

 private:
  bool enter();                          // whether every plugin lets the request in
  void live();                           // go() but for what it throws
  void give_up(const std::string& why);  // ends a request through which an exception came

  // chain.cpp: the targets one after the other. None: all failed, failures_ tells how.
  std::optional<Outcome> walk();
  std::optional<Outcome> try_target(size_t link);
  std::optional<std::string> why_passed_over(size_t link);
  std::optional<Outcome> pass_over(size_t link, std::string why, std::optional<Duration> retry_after);
  std::optional<Outcome> pass_over_resting(size_t link, std::optional<WallTime> earliest);
  bool falls_back(const Outcome&) const;
  bool all_fall_back(size_t since) const;
  routing::KeyRing::Pick pick_key(size_t link, const routing::KeySet& tried, bool desperate) const;
  bool may_retry(const Outcome&, int retries) const;
  bool may_call_again() const;
  Duration wait_before_retry(const Outcome& failed, int retries);
  Outcome cancelled_outcome(size_t link, size_t record) const;
  Failure no_target() const;

  // attempt.cpp: one attempt, through every plugin.
  Outcome attempt(size_t link, const routing::KeyRing::Pick&);
  bool pays_itself(const routing::Target&) const;
  void close_record(Outcome&);
  std::string sealed(Outcome&, const Relay&);
  bool is_login(const routing::Target&, const routing::KeyRing::Pick&) const;
  std::string login_rest_at(const routing::Target&) const;
  void fail_with(Outcome&, Error) const;
  bool counts() const;
  void rest_for(const Outcome&, const routing::KeyRing::Pick&) const;

  // hooks.cpp: its plugins.
  bool obey(Outcome&, plugins::Verdict&&);
  void take(Outcome&, Reply&&);
  bool run_before(Outcome&);
  bool run_sending(Outcome&);
  void replay(Outcome&, plugins::Replay&&);
  std::optional<Outcome> answer_without_call(size_t link);
  std::unique_ptr<StreamHooks> stream_hooks(const Outcome&) const;
  // What the plugins' last word made of the attempt; none: it stays what it is.
  using Changed = std::variant<Failure, Reply>;
  std::optional<Changed> run_after(Outcome&, plugins::Ending) const;
  void settle(Outcome&);
  void note_usage(Outcome&, const observe::Usage&);
  void note_stream(Outcome&, const Relay&);

  // exchange.cpp: its call.
  void exchange(Outcome&, const routing::KeyRing::Pick&);
  Result<routing::Gate::Place> enter_gate(const routing::Target&, size_t key, Duration patience) const;
  Result<net::Call> make_call(const Wire&, const dialects::Request&, size_t link, const config::Key*) const;
  void read_reply(Outcome&, const Wire&, std::unique_ptr<net::Exchange>, routing::Gate::Place);
  void read_failure(Outcome&, const Wire&, net::Exchange&, const net::HttpResponse&, TimePoint by);
  void read_whole(Outcome&, const Wire&, net::Exchange&, const net::HttpResponse&, TimePoint by);
  void open_stream(Outcome&, const Wire&, std::unique_ptr<net::Exchange>, const net::HttpResponse&,
                   bool events, TimePoint by, routing::Gate::Place);
  Result<const dialects::Conversation*> conversation(Outcome&);

  // race.cpp: a second target beside a silent first.
  friend class Race;
  void run_racer();
  void call_beside();
  std::optional<Outcome> settle_race(std::optional<Outcome>);

  // reply.cpp: what the client gets.
  void deliver_whole(Outcome&);
  void deliver_stream(Outcome&);
  void deliver_failure(const Failure&, const Outcome* whose);
  void deliver_tunnel(Outcome&);  // tunnel.cpp
  const Outcome& primary_failure() const;
  net::Headers reply_headers(const net::Headers& upstream, const Outcome* whose) const;
  std::string extra_fields(const Outcome* whose) const;
  bool shutting_down() const;
  Error shutdown_error() const;
  void tell_ids(std::vector<std::string> ids, const Outcome&) const;
  void finish(const Outcome* winner, int status, std::optional<ErrorClass>);

  TimePoint now() const { return world_.fibers.now(); }
  observe::AttemptRecord& record_of(const Outcome& o) { return record_.attempts[o.record]; }
  const observe::AttemptRecord& record_of(const Outcome& o) const { return record_.attempts[o.record]; }
  // As the attempt has it.
  const dialects::Request& request_of(const Outcome& o) const {
    return o.attempt != nullptr ? o.attempt->request() : request_;
  }
  const routing::Target& target(size_t link) const { return chain_.links[link].target; }
  // A route's own, else the provider's.
  Duration timeout(size_t link, std::optional<Duration> config::Timeouts::* which) const;
  int calls_left() const { return std::min(chain_.policy.max_attempts - calls_, most_tries_ - tries_); }

  const World& world_;
  dialects::Request& request_;
  std::shared_ptr<const routing::Topology> topology_;
  net::ResponseWriter& writer_;
  const dialects::Codec& codec_;
  routing::Chain chain_;
  observe::RequestRecord record_;
  net::Headers forwarded_;                                      // the client's headers that go upstream
  std::optional<Result<dialects::Conversation>> conversation_;  // read when a target needs it translated
  TimePoint arrived_;
  TimePoint deadline_ = kNever;            // to the first content of a stream, or the end of a whole reply
  size_t next_ = 0;                        // of the chain's links, not tried yet
  int calls_ = 0;                          // made, or about to be
  int tries_ = 0;                          // with those that we refused or left in a queue
  int most_tries_ = 0;                     // what the trail has room for
  std::vector<Outcome> failures_;          // of attempts, in their order
  std::optional<WallTime> earliest_;       // when the first resting key or target wakes
  std::optional<int64_t> context_needed_;  // larger than this: a target's context was too small
  std::unique_ptr<Race> race_;
  std::unique_ptr<KeptBodies> bodies_;  // none: the log keeps no bodies
  plugins::Patience patience_;          // of the plugins
  size_t entered_ = 0;                  // plugins that let the request in
  bool finished_ = false;               // its row is written, hence all was said
  net::Fiber* fiber_;
};

}  // namespace llmgw::engine
