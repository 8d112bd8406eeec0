// One attempt: a completely new request through every plugin, one key, one call.
#include "base/text.h"
#include "engine/forward.h"
#include "engine/login.h"
#include "engine/race.h"
#include "engine/run.h"

namespace llmgw::engine {

Duration Run::timeout(size_t link, std::optional<Duration> config::Timeouts::* which) const {
  return (chain_.policy.timeouts.*which)
      .value_or(*(target(link).upstream->provider->timeouts(target(link).model).*which));
}

Outcome Run::attempt(size_t link, const routing::KeyRing::Pick& pick) {
  const routing::Target& t = target(link);
  Outcome outcome{.what = Failure{}, .link = link, .record = record_.attempts.size()};
  record_.attempts.push_back({.provider = t.provider(),
                              .model = t.model,
                              .key = pick.key != nullptr ? pick.key->name : std::string(),
                              .started = now() - arrived_,
                              .raced = race_ != nullptr});
  ++calls_;  // until it turns out that it was not sent: a racer must not take its place meanwhile
  outcome.attempt =
      std::make_unique<plugins::Attempt>(request_, t, record_.attempts.back(), tries_++, &patience_);
  try {
    if (run_before(outcome) && run_sending(outcome)) exchange(outcome, pick);
  } catch (const std::exception& e) {
    // Our own fault, and this attempt's alone: the chain goes on.
    outcome.what = Failure{.error = {.error_class = ErrorClass::server_error,
                                     .message = "an internal error: " + std::string(e.what())}};
  }

  if (!record_of(outcome).sent) --calls_;
  close_record(outcome);
  if (outcome.answered()) {
    if (outcome.sent && is_login(t, pick)) world_.rests.answered(login_rest_at(t));
    if (outcome.sent) t.upstream->keys.answered(pick.index, t.model, world_.rests);
  } else {
    rest_for(outcome, pick);
  }
  const bool goes_on =
      std::holds_alternative<Stream>(outcome.what) || std::holds_alternative<Tunnel>(outcome.what);
  if (!goes_on) settle(outcome);
  return outcome;
}

// The client's own credential goes to this provider before one of our keys.
bool Run::pays_itself(const routing::Target& t) const {
  return t.upstream->provider->config().forward_auth && has_credential(request_.headers);
}

// Whether the attempt is made with it: it has the place behind our keys.
bool Run::is_login(const routing::Target& t, const routing::KeyRing::Pick& pick) const {
  return pick.key == nullptr && pick.index == t.upstream->keys.size() && pays_itself(t);
}

std::string Run::login_rest_at(const routing::Target& t) const {
  return login_rest(request_.headers, t.provider(), t.model);
}

// It only asks for the number of its tokens: a provider that cannot count may serve all the same.
bool Run::counts() const {
  return dialects::counted(request_.dialect) != request_.dialect;
}

void Run::rest_for(const Outcome& outcome, const routing::KeyRing::Pick& pick) const {
  const Failure& failure = *outcome.failure();
  if (!failure.upstream || counts()) return;  // only what a provider said
  const routing::Target& t = target(outcome.link);
  const Error& error = failure.error;
  const WallTime wall = world_.fibers.wall();
  const int status = record_.attempts[outcome.record].status;
  if (is_login(t, pick)) report_login(login_rest_at(t), error, world_.rests, wall);
  t.upstream->keys.report(pick.index, t.model, error.error_class, status, error.retry_after, world_.rests,
                          wall);
  if (error.error_class == ErrorClass::overloaded && error.retry_after) {
    world_.rests.begin(routing::target_rest(t.provider(), t.model), error.error_class, error.retry_after,
                       wall);
  }
}

void Run::fail_with(Outcome& outcome, Error error) const {
  if (error.error_class == ErrorClass::cancelled) {
    error.message = world_.fibers.cancelled_by(net::CancelCause::client)  ? "the client went away"
                    : world_.fibers.cancelled_by(net::CancelCause::raced) ? "another target answered first"
                                                                          : "the gateway is shutting down";
  } else {
    // What a provider said may be quoted in it.
    error.message = target(outcome.link).upstream->provider->scrub(error.message);
  }
  outcome.what = Failure{.error = std::move(error)};
}

// Writes down how the attempt went, and tells the target's state of it.
void Run::close_record(Outcome& outcome) {
  auto& record = record_of(outcome);
  record.took = now() - arrived_ - record.started;
  auto& state = *target(outcome.link).state;
  const Failure* failure = outcome.failure();
  if (failure == nullptr) {
    if (std::holds_alternative<Reply>(outcome.what) && outcome.sent) {
      state.report(true, now());
      state.whole_after(record.took);
    }
    return;
  }
  const Error& error = failure->error;
  record.error_class = error.error_class;
  record.message = shortened(error.message, 500);
  record.code = error.code;
  record.retry_after = error.retry_after;
  if (counts()) return;
  switch (error.error_class) {
    case ErrorClass::overloaded:
      if (failure->upstream) state.report(false, now());  // else it was our own queue
      break;
    case ErrorClass::network:
    case ErrorClass::timeout:
    case ErrorClass::server_error:
    case ErrorClass::invalid_response: state.report(false, now()); break;
    default: break;  // speaks of the key, the request or us, not of the target's health
  }
}

// A stream has told all that it will: the record is completed, and shown in its last event.
std::string Run::sealed(Outcome& outcome, const Relay& relay) {
  auto& record = record_of(outcome);
  note_stream(outcome, relay);
  record.took = now() - arrived_ - record.started;
  return extra_fields(&outcome);
}

void Run::note_stream(Outcome& outcome, const Relay& relay) {
  record_of(outcome).text_bytes = relay.text_bytes();
  note_usage(outcome, relay.usage());
}

void Run::note_usage(Outcome& outcome, const observe::Usage& usage) {
  if (!outcome.sent) return;  // what is said again was counted and paid when it was said first
  const routing::Target& t = target(outcome.link);
  auto& record = record_of(outcome);
  record.usage = usage;
  if (const auto cost = t.upstream->provider->cost(t.model, usage)) record.cost = *cost;
  if (outcome.estimated_tokens > 0 && usage.input > 0)
    t.state->tokens.learn(std::exchange(outcome.estimated_tokens, 0), usage.input);
}

}  // namespace llmgw::engine
