// One attempt: a completely new request through every plugin, one key, one call.
#include "base/text.h"
#include "dialects/multipart.h"
#include "engine/forward.h"
#include "engine/race.h"
#include "engine/run.h"

namespace llmgw::engine {
namespace {

constexpr size_t kErrorBody = 1 << 20;  // more of an error than this is not read
constexpr Duration kErrorPatience = 10s;

bool is_json(std::string_view content_type) {
  return icontains(content_type, "json") || content_type.empty();
}

}  // namespace

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
  outcome.attempt = std::make_unique<plugins::Attempt>(request_, t, record_.attempts.back(), tries_++);
  plugins::Attempt& seen = *outcome.attempt;

  bool go_on = true;
  auto obey = [&](plugins::Verdict verdict) {
    if (auto* refuse = std::get_if<plugins::Refuse>(&verdict)) {
      outcome.what = Failure{.error = std::move(refuse->error), .may_fall_back = refuse->may_fall_back};
      go_on = false;
    } else if (auto* reply = std::get_if<Reply>(&verdict)) {
      outcome.what = std::move(*reply);
      go_on = false;
    }
  };
  try {
    for (; outcome.plugins < world_.plugins.size() && go_on; ++outcome.plugins) {
      obey(world_.plugins[outcome.plugins]->before(seen));
    }
    for (size_t i = 0; i < outcome.plugins && go_on; ++i) obey(world_.plugins[i]->sending(seen));
    if (go_on) exchange(outcome, pick);
  } catch (const std::exception& e) {
    // Our own fault, and this attempt's alone: the chain goes on.
    outcome.what = Failure{.error = {.error_class = ErrorClass::server_error,
                                     .message = "an internal error: " + std::string(e.what())}};
  }

  if (!record_of(outcome).sent) --calls_;
  close_record(outcome);
  if (outcome.answered()) {
    if (outcome.sent) t.upstream->keys.answered(pick.index, t.model, world_.rests);
  } else {
    rest_for(outcome, pick.index);
  }
  if (!std::holds_alternative<Stream>(outcome.what)) {
    run_after(outcome, {.failure = outcome.failure(), .reply = std::get_if<Reply>(&outcome.what)});
  }
  return outcome;
}

// The client's own credential goes to this provider instead of one of our keys.
bool Run::pays_itself(const routing::Target& t) const {
  return t.upstream->provider->config().forward_auth && has_credential(request_.headers);
}

void Run::rest_for(const Outcome& outcome, size_t key) const {
  const Failure& failure = *outcome.failure();
  if (!failure.upstream) return;  // only what a provider said
  const routing::Target& t = target(outcome.link);
  const Error& error = failure.error;
  const WallTime wall = world_.fibers.wall();
  const int status = record_.attempts[outcome.record].status;
  t.upstream->keys.report(key, t.model, error.error_class, status, error.retry_after, world_.rests, wall);
  if (error.error_class == ErrorClass::overloaded && error.retry_after) {
    world_.rests.begin(routing::target_rest(t.provider(), t.model), error.error_class, error.retry_after,
                       wall);
  }
}

void Run::run_after(Outcome& outcome, const plugins::Ending& ending) const {
  const net::Scheduler::Shield shield(world_.fibers);
  for (size_t i = outcome.plugins; i > 0; --i) {
    auto& plugin = *world_.plugins[i - 1];
    try {
      plugin.after(*outcome.attempt, ending);
    } catch (const std::exception& e) {  // the others have accounts to settle
      auto& message = outcome.attempt->record.message;
      if (message.empty())
        message = "the plugin " + std::string(plugin.name()) + " failed at its end: " + e.what();
    }
  }
  outcome.attempt.reset();
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

// What must change in the client's body for this target; nothing: it goes as it came.
std::optional<std::string> Run::edited_body(const routing::Target& t) const {
  if (!request_.doc) {
    if (request_.model.empty() || request_.body.empty()) return std::nullopt;
    return dialects::edit_multipart(request_, t.model);
  }
  json::Edit edit(request_.doc->root());
  const auto& provider = *t.upstream->provider;
  codec_.edit_request(request_, t.model, provider.quirks().stream_options, edit);
  provider.adapt(request_, t.model, edit);
  if (edit.empty()) return std::nullopt;
  return edit.apply();
}

void Run::exchange(Outcome& outcome, const routing::KeyRing::Pick& pick) {
  const routing::Target& t = target(outcome.link);
  const auto& provider = *t.upstream->provider;
  Race::Watch watch(*this, outcome.link);

  const TimePoint asked = now();
  const TimePoint queue_until = std::min(deadline_, after(now(), watch.patience()));
  if (auto entered = t.upstream->gate->enter(world_.fibers, queue_until); !entered) {
    return fail_with(outcome, std::move(entered.error()));
  }
  routing::Gate::Place place(t.upstream->gate);
  if (now() > asked) {
    // What another request was told while this one queued holds for it, too.
    const WallTime wall = world_.fibers.wall();
    auto rest = world_.rests.get(routing::target_rest(t.provider(), t.model), wall);
    if (!rest) rest = t.upstream->keys.rate_limited(pick.index, t.model, world_.rests, wall);
    if (rest) {
      return fail_with(outcome, Error{.error_class = rest->cause,
                                      .message = "it began to rest while the call queued",
                                      .retry_after = rest->until - wall});
    }
  }
  t.state->called();

  const auto edited = edited_body(t);
  const std::string query = request_.query.empty() ? "" : "?" + request_.query;
  net::Call call{.endpoint = &provider.endpoint(request_.dialect),
                 .method = request_.method,
                 .target = provider.path(request_.dialect, request_.path + query, t.model),
                 .headers = forwarded_,
                 .body = edited ? *edited : request_.body,
                 .once = request_.once,
                 .connect = timeout(outcome.link, &config::Timeouts::connect),
                 .deadline = deadline_};
  call.headers.add("Accept-Encoding", "identity");
  if (pays_itself(t)) append_credentials(request_.headers, call.headers);
  provider.authorize(call.headers, pick.key, request_.dialect);

  record_of(outcome).sent = true;
  auto sent = world_.transport.send(std::move(call));
  if (!sent) return fail_with(outcome, std::move(sent.error()));
  outcome.sent = true;
  const TimePoint total = std::min(deadline_, after(now(), timeout(outcome.link, &config::Timeouts::total)));
  const TimePoint first =
      std::min(deadline_, after(now(), timeout(outcome.link, &config::Timeouts::first_token)));
  const auto head = (*sent)->head(request_.stream ? first : total);
  if (!head) return fail_with(outcome, std::move(head.error()));
  const net::HttpResponse& response = **head;

  auto& record = record_of(outcome);
  record.status = response.status;
  for (const std::string_view field : {"x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"}) {
    if (const auto id = response.headers.get(field); !id.empty() && record.upstream_request_id.empty()) {
      record.upstream_request_id = shortened(id, 200);
    }
  }
  if (response.status / 100 != 2) {
    return read_failure(outcome, **sent, response, std::min(total, after(now(), kErrorPatience)));
  }
  const auto type = response.headers.get("content-type");
  const bool inference = request_.dialect != dialects::Dialect::openai_other;
  // Some local servers name no type.
  if (icontains(type, "text/event-stream") || (type.empty() && request_.stream)) {
    if (inference && !request_.stream) {
      return fail_with(
          outcome, fail(ErrorClass::invalid_response, "a stream where a whole reply was asked for").error());
    }
    return open_stream(outcome, std::move(*sent), response, true, first, std::move(place));
  }
  if (icontains(type, "text/html")) {
    return fail_with(outcome, fail(ErrorClass::invalid_response, "a page of HTML in a 2xx reply").error());
  }
  if (!inference && !is_json(type)) {
    return open_stream(outcome, std::move(*sent), response, false, total, std::move(place));
  }
  read_whole(outcome, **sent, response, total);
}

// A reply that is no answer: the provider's own error, and its class.
void Run::read_failure(Outcome& outcome, net::Exchange& exchange, const net::HttpResponse& response,
                       TimePoint by) {
  const auto& provider = *target(outcome.link).upstream->provider;
  Failure failure{.upstream = true, .headers = response.headers};
  const int status = response.status;
  while (failure.body.size() < kErrorBody) {
    auto bytes = exchange.read(by);
    if (!bytes && bytes.error().error_class == ErrorClass::cancelled)
      return fail_with(outcome, std::move(bytes.error()));
    if (!bytes || bytes->empty()) break;  // a cut error is an error all the same
    failure.body += *bytes;
  }
  failure.error = provider.classify(status, failure.headers, failure.body, world_.fibers.wall());
  failure.body = provider.scrub(failure.body);
  if (status / 100 == 3 || status < 200) failure.upstream = false;
  outcome.what = std::move(failure);
}

void Run::read_whole(Outcome& outcome, net::Exchange& exchange, const net::HttpResponse& response,
                     TimePoint by) {
  Reply reply{.status = response.status, .headers = response.headers};
  for (;;) {
    auto bytes = exchange.read(by);
    if (!bytes) return fail_with(outcome, std::move(bytes.error()));
    if (bytes->empty()) break;
    reply.body += *bytes;
  }
  auto facts = codec_.read_reply(reply.body);
  if (!facts) return fail_with(outcome, std::move(facts.error()));
  const routing::Target& t = target(outcome.link);
  if (!facts->error_object.empty()) {
    Failure failure{.upstream = true, .headers = std::move(reply.headers)};
    failure.error =
        t.upstream->provider->classify_object(facts->error_object, failure.headers, world_.fibers.wall());
    failure.body = t.upstream->provider->scrub(reply.body);
    outcome.what = std::move(failure);
    return;
  }
  if (request_.stream && request_.dialect != dialects::Dialect::openai_other) {
    return fail_with(
        outcome, fail(ErrorClass::invalid_response, "a whole reply where a stream was asked for").error());
  }
  note_usage(record_of(outcome), t, facts->usage);
  reply.facts = std::move(*facts);
  outcome.what = std::move(reply);
}

// Reads up to the commit point, so that any failure before it falls back unseen.
void Run::open_stream(Outcome& outcome, std::unique_ptr<net::Exchange> exchange,
                      const net::HttpResponse& response, bool events, TimePoint first,
                      routing::Gate::Place place) {
  Stream stream{.status = response.status, .headers = response.headers, .place = std::move(place)};
  stream.relay =
      std::make_unique<Relay>(events ? &codec_ : nullptr, request_.wants_usage, std::move(exchange));
  const Duration idle = timeout(outcome.link, &config::Timeouts::idle);
  const bool complete = chain_.policy.commit == config::Commit::complete;
  const auto seal = [&](const Relay& relay) { return sealed(outcome, relay); };
  while (!(complete ? stream.relay->ended() : stream.relay->content() || stream.relay->ended())) {
    const TimePoint by = stream.relay->alive() ? std::min(deadline_, after(now(), idle)) : first;
    auto pumped = stream.relay->pump(by, seal);
    if (pumped) continue;
    const std::string& error_object = stream.relay->error_object();
    if (error_object.empty()) return fail_with(outcome, std::move(pumped.error()));
    const auto& provider = *target(outcome.link).upstream->provider;
    Failure failure{.upstream = true, .headers = std::move(stream.headers)};
    failure.error = provider.classify_object(error_object, failure.headers, world_.fibers.wall());
    failure.body = provider.scrub("{\"error\":" + error_object + "}");
    failure.headers.remove("content-type");
    failure.headers.add("Content-Type", "application/json");
    outcome.what = std::move(failure);
    return;
  }
  auto& record = record_of(outcome);
  record.first_content = now() - arrived_ - record.started;
  outcome.what = std::move(stream);
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
  note_usage(record, target(outcome.link), relay.usage());
  record.took = now() - arrived_ - record.started;
  return extra_fields(&outcome);
}

void Run::note_usage(observe::AttemptRecord& record, const routing::Target& t,
                     const observe::Usage& usage) const {
  record.usage = usage;
  if (const auto cost = t.upstream->provider->cost(t.model, usage)) record.cost = *cost;
}

}  // namespace llmgw::engine
