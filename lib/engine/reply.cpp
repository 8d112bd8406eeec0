// What the client gets: the winner's reply, or the primary's own error, and the whole trail.
#include <algorithm>

#include "base/json_edit.h"
#include "base/text.h"
#include "engine/extra_fields.h"
#include "engine/forward.h"
#include "engine/race.h"
#include "engine/run.h"

namespace llmgw::engine {
namespace {

constexpr Duration kDrain = 20ms;  // for the upstream's last bytes, so that its connection is used again

}  // namespace

void Run::deliver_whole(Outcome& outcome) {
  auto& reply = std::get<Reply>(outcome.what);
  if (reply.answer) reply.headers.set("Content-Type", "application/json");
  const auto headers = reply_headers(reply.headers, &outcome);
  reply.facts.ids.push_back(reply.facts.id);
  tell_ids(std::move(reply.facts.ids), outcome);
  if (reply.answer) {
    reply.body = codec_.translation()->write_answer(*reply.answer, extra_fields(&outcome));
  } else if (reply.facts.object) {
    if (const auto extra = extra_fields(&outcome); !extra.empty()) {
      reply.body = json::with_last_member(reply.body, "extra_fields", extra);
    }
  }
  if (bodies_ != nullptr) bodies_->reply(reply.body);
  const auto sent = writer_.send(reply.status, headers, reply.body);
  finish(&outcome, reply.status, sent ? std::nullopt : std::optional(ErrorClass::cancelled));
}

void Run::deliver_stream(Outcome& outcome) {
  auto& stream = std::get<Stream>(outcome.what);
  Relay& relay = *stream.relay;
  if (bodies_ != nullptr) bodies_->request(request_of(outcome).body);
  request_.release_message();
  if (outcome.attempt != nullptr) outcome.attempt->release_message();
  outcome.conversation.reset();
  forwarded_ = {};
  const Duration idle = timeout(outcome.link, &config::Timeouts::idle);
  const auto seal = [&](const Relay& r) { return sealed(outcome, r); };
  record_.first_content = now() - arrived_;
  conversation_.reset();
  if (stream.turn) stream.headers.set("Content-Type", codec_.stream_type());

  std::optional<Error> cut;
  bool settled = false, refused = false;
  auto sent = writer_.begin(stream.status, reply_headers(stream.headers, &outcome));
  stream.headers = {};
  world_.fibers.shed_stack();  // the way here went deeper than what is left to do
  while (sent) {
    if (relay.ended()) {  // the accounts are settled, and the last refusal said, before its last event goes
                          // out
      note_stream(outcome, relay);
      auto last_word = run_after(outcome, {});
      settled = true;
      if (auto* refusal = last_word ? std::get_if<Failure>(&*last_word) : nullptr) {
        refused = true;
        cut = std::move(refusal->error);
        break;
      }
    }
    if (!relay.out.empty()) {
      if (bodies_ != nullptr) bodies_->reply(relay.out);
      sent = writer_.write(relay.out);
      relay.out.clear();
      if (relay.out.capacity() > 1024) relay.out = {};
    }
    if (!sent || relay.ended()) break;
    if (auto pumped = relay.pump(after(now(), idle), seal); !pumped) {
      cut = std::move(pumped.error());
      refused = stream.hooks != nullptr && stream.hooks->refusal() != nullptr;
      break;
    }
  }
  auto& record = record_of(outcome);
  record.took = now() - arrived_ - record.started;
  note_stream(outcome, relay);
  if (!sent || cut) relay.close();  // a client may take its time over what is left to say
  if (sent && cut && shutting_down()) cut = shutdown_error();
  const net::Scheduler::Shield shield(world_.fibers);  // what is left to say is said
  std::optional<ErrorClass> error_class;
  if (!sent || (cut && cut->error_class == ErrorClass::cancelled)) {
    error_class = record.error_class = ErrorClass::cancelled;
    record.message = "the client went away";
    writer_.abort();
  } else if (cut) {
    if (!relay.error_object().empty()) {
      cut = target(outcome.link)
                .upstream->provider->classify_object(relay.error_object(), {}, world_.fibers.wall());
    }
    cut->message = target(outcome.link).upstream->provider->scrub(cut->message);
    error_class = record.error_class = cut->error_class;
    record.message = (refused ? "refused: " : "cut mid-stream: ") + shortened(cut->message, 400);
    record_.cut = !refused;
    if (!shutting_down() && outcome.sent) target(outcome.link).state->report(refused, now());
    if (!refused) {
      cut->message = "the stream of " + target(outcome.link).name() + " broke off: " + cut->message;
      cut->code = "stream_cut";
    }
    const auto event = codec_.error_event(*cut, relay.so_far(), extra_fields(&outcome));
    if (bodies_ != nullptr) bodies_->reply(event);
    sent = writer_.write(event);
    if (sent) sent = writer_.end();
  } else {
    tell_ids({relay.object_id()}, outcome);
    if (stream.turn) world_.state.seals.remember(stream.turn->sealed_parts());
    sent = writer_.end();
    auto& state = *target(outcome.link).state;
    if (outcome.sent) {
      state.report(true, now());
      if (record.first_content) state.first_content_after(*record.first_content);
    }
    (void)relay.pump(after(now(), kDrain), seal);
  }
  const Failure failure{.error = cut.value_or(Error{.error_class = ErrorClass::cancelled})};
  if (!settled) (void)run_after(outcome, {.failure = error_class ? &failure : nullptr, .cut = record_.cut});
  finish(&outcome, stream.status, error_class);
}

// The time to drain is over, and the client still waits.
bool Run::shutting_down() const {
  return world_.fibers.cancelled_by(net::CancelCause::shutdown) &&
         !world_.fibers.cancelled_by(net::CancelCause::client);
}

Error Run::shutdown_error() const {
  return Error{.error_class = ErrorClass::overloaded,
               .status = 503,
               .message = "the gateway is shutting down",
               .code = "draining",
               .retry_after = 1s};
}

void Run::deliver_failure(const Failure& failure, const Outcome* whose) {
  Error error = failure.error;
  if (error.error_class == ErrorClass::cancelled && shutting_down()) error = shutdown_error();
  const net::Scheduler::Shield shield(world_.fibers);
  int status = error.http_status();
  if (whose != nullptr && failure.upstream && record_of(*whose).status >= 400)
    status = record_of(*whose).status;
  if (error.error_class == ErrorClass::invalid_response && status < 500) status = 502;  // blames no client
  if (error.error_class == ErrorClass::timeout && !failure.upstream) status = 504;
  // Google says 400 of a bad key; SDKs of others go by the status.
  if (error.error_class == ErrorClass::auth && failure.foreign && status == 400) status = 401;
  // And AWS of a model that it has not.
  if (error.error_class == ErrorClass::model_unavailable && failure.foreign && status == 400) status = 404;

  net::Headers headers = reply_headers(failure.upstream ? failure.headers : net::Headers(), whose);
  if (error.retry_after && !headers.has("retry-after")) {
    headers.add("Retry-After", std::to_string((to_ms(*error.retry_after) + 999) / 1000));
  }
  const auto calls = std::ranges::count_if(record_.attempts, [](const auto& a) { return a.sent; });
  if (calls >= 2) headers.set("x-should-retry", "false");

  const auto extra = extra_fields(whose);
  std::string body;
  const auto doc = json::Doc::parse(failure.body, {.allow_lone_surrogates = true});
  if (failure.upstream && !failure.foreign && doc && doc->root().is(json::Kind::object)) {
    body = extra.empty() ? failure.body : json::with_last_member(failure.body, "extra_fields", extra);
  } else {
    error.message = whose != nullptr ? target(whose->link).name() + ": " + error.message : error.message;
    error.status = status;
    body = codec_.error_body(error, extra);
    headers.remove("content-type");
    for (const auto [name, value] : codec_.error_headers(error)) headers.set(name, value);
  }
  if (!headers.has("content-type")) headers.add("Content-Type", "application/json");
  if (error.error_class == ErrorClass::cancelled) {
    writer_.abort();
    status = 499;
  } else {
    if (bodies_ != nullptr) bodies_->reply(body);
    (void)writer_.send(status, headers, body);
  }
  finish(nullptr, status, error.error_class);
}

// The first target called or refused by us speaks for the chain; of its attempts the last that
// is not about a key, else the last.
const Outcome& Run::primary_failure() const {
  const size_t link = std::ranges::min_element(failures_, {}, &Outcome::record)->link;
  const Outcome* chosen = nullptr;
  for (const Outcome& failure : failures_) {
    if (failure.link != link) continue;
    const bool about_key = failure.failure()->error.error_class == ErrorClass::auth;
    if (chosen == nullptr || !about_key || chosen->failure()->error.error_class == ErrorClass::auth)
      chosen = &failure;
  }
  // A client that left has the last word; one cancelled in a race does not.
  if (world_.fibers.cancelled() && failures_.back().failure()->error.error_class == ErrorClass::cancelled)
    return failures_.back();
  return *chosen;
}

net::Headers Run::reply_headers(const net::Headers& upstream, const Outcome* whose) const {
  net::Headers headers;
  append_forwarded_reply_headers(upstream, headers);
  if (whose != nullptr) target(whose->link).upstream->provider->scrub(headers);
  headers.add("x-llmgw-request-id", record_.id);
  if (whose != nullptr) {
    headers.add("x-llmgw-provider", target(whose->link).provider());
    headers.add("x-llmgw-model", target(whose->link).model);
  }
  headers.add("x-llmgw-attempts",
              std::to_string(std::ranges::count_if(record_.attempts, [](const auto& a) { return a.sent; })));
  const auto use = whose != nullptr ? record_of(*whose).cache : observe::CacheUse::off;
  headers.add("x-llmgw-cache", use == observe::CacheUse::off    ? "off"
                               : use == observe::CacheUse::miss ? "miss"
                                                                : "hit");
  return headers;
}

std::string Run::extra_fields(const Outcome* whose) const {
  if (!codec_.shows_extra_fields()) return {};
  auto level = request_.extra_fields.value_or(topology_->config().server.extra_fields);
  // A virtual key's own is the most that its clients are told.
  if (request_.key != nullptr && request_.key->extra_fields)
    level = std::max(level, *request_.key->extra_fields);
  return extra_fields_json(record_, whose != nullptr ? &record_of(*whose) : nullptr, now() - arrived_, level);
}

void Run::tell_ids(std::vector<std::string> ids, const Outcome& outcome) const {
  std::erase(ids, "");
  if (request_.gives_out_ids && !ids.empty() && world_.gave_out) {
    world_.gave_out(ids, target(outcome.link).provider(), record_of(outcome).key);
  }
}

// The request has ended: its row goes to the log and the metrics.
void Run::finish(const Outcome* winner, int status, std::optional<ErrorClass> error_class) {
  finished_ = true;
  record_.took = now() - arrived_;
  record_.status = status;
  record_.error_class = error_class;
  if (winner != nullptr) {
    const auto& record = record_of(*winner);
    record_.provider = record.provider;
    record_.model = record.model;
    record_.key = record.key;
    record_.usage = record.usage;
    const auto first =
        std::ranges::find_if(record_.attempts, [](const auto& a) { return a.skipped.empty(); });
    record_.fallback = first != record_.attempts.end() &&
                       (first->provider != record.provider || first->model != record.model);
  }
  for (const auto& attempt : record_.attempts) {
    record_.cost = record_.cost + attempt.cost;
    if (attempt.raced && attempt.error_class == ErrorClass::cancelled)
      record_.raced_cost = record_.raced_cost + attempt.cost;
  }
  if (bodies_ != nullptr) {
    bodies_->request(request_.body);
    bodies_->move_into(record_, *topology_);
  }
  if (world_.ended) world_.ended(std::move(record_));
}

}  // namespace llmgw::engine
