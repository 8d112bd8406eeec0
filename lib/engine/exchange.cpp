// One call to a provider: the request as it is for this target, and what the reply comes to.
#include "base/text.h"
#include "dialects/custom_tool.h"
#include "dialects/multipart.h"
#include "dialects/token_estimate.h"
#include "engine/forward.h"
#include "engine/race.h"
#include "engine/run.h"

namespace llmgw::engine {
namespace {

constexpr size_t kErrorBody = 1 << 20;  // more of an error than this is not read
constexpr Duration kErrorPatience = 10s;
constexpr Duration kSigningPatience = 10s;  // for credentials that are being looked for
constexpr Duration kSigningStep = 20ms;

bool is_json(std::string_view content_type) {
  return icontains(content_type, "json") || content_type.empty();
}

}  // namespace

// The client's request in its canonical form, with the seals that its client could not carry.
Result<const dialects::Conversation*> Run::conversation(Outcome& outcome) {
  if (outcome.attempt != nullptr && outcome.attempt->changed()) {
    if (outcome.conversation == nullptr) {
      auto read = codec_.translation()->read_request(request_of(outcome));
      if (!read) return fail(std::move(read.error()));
      world_.state.seals.restore(*read);
      outcome.conversation = std::make_unique<dialects::Conversation>(std::move(*read));
    }
    return outcome.conversation.get();
  }
  if (!conversation_) {
    conversation_ = codec_.translation()->read_request(request_);
    if (*conversation_) world_.state.seals.restore(**conversation_);
  }
  if (!*conversation_) return fail(conversation_->error());
  return &**conversation_;
}

// A place among the provider's calls. Errors: overloaded, when none came free in time; or what began to rest.
Result<routing::Gate::Place> Run::enter_gate(const routing::Target& t, size_t key, Duration patience) const {
  const TimePoint asked = now();
  const TimePoint queue_until = std::min(deadline_, after(asked, patience));
  if (auto entered = t.upstream->gate->enter(world_.fibers, queue_until); !entered)
    return fail(std::move(entered.error()));
  routing::Gate::Place place(t.upstream->gate);
  if (now() == asked) return place;
  // What another request was told while this one queued holds for it, too.
  const WallTime wall = world_.fibers.wall();
  auto rest = world_.rests.get(routing::target_rest(t.provider(), t.model), wall);
  if (!rest) rest = t.upstream->keys.rate_limited(key, t.model, world_.rests, wall);
  if (!rest) return place;
  return fail(Error{.error_class = rest->cause,
                    .message = "it began to rest while the call queued",
                    .retry_after = rest->until - wall});
}

// The request as this target gets it, with our key. It points into the request and `wire`.
Result<net::Call> Run::make_call(const Wire& wire, const dialects::Request& request, size_t link,
                                 const config::Key* key) const {
  const routing::Target& t = target(link);
  const auto& provider = *t.upstream->provider;
  net::Call call{.endpoint = &provider.endpoint(wire.dialect),
                 .method = request.method,
                 .target = wire.path,
                 .headers = wire.translated ? translated_request_headers(forwarded_) : forwarded_,
                 .body = wire.body ? *wire.body : request.body,
                 .websocket = request.websocket,
                 .once = request.once,
                 .connect = timeout(link, &config::Timeouts::connect),
                 .deadline = deadline_};
  if (request.file != nullptr)
    call.upload = net::FileBody{request.file, dialects::form_changes(request, t.model)};
  if (request.websocket) {
    append_websocket_headers(request.headers, call.headers);
  } else {
    call.headers.add("Accept-Encoding", "identity");
  }
  if (key == nullptr && pays_itself(t)) append_credentials(request.headers, call.headers);
  provider.authorize(call.headers, key, wire.dialect);
  const TimePoint signed_by = std::min(deadline_, after(now(), kSigningPatience));
  for (;;) {
    const auto signing = provider.sign(call, key, world_.fibers.wall());
    if (!signing) return fail(signing.error());
    if (*signing == providers::Provider::Signing::done) return call;
    if (now() >= signed_by)
      return fail(ErrorClass::auth,
                  "the provider's credentials are still being looked for: no answer came in 10 s");
    if (world_.fibers.sleep_until(std::min(signed_by, after(now(), kSigningStep))) == net::Wake::cancelled)
      return fail(Error{.error_class = ErrorClass::cancelled});
  }
}

void Run::exchange(Outcome& outcome, const routing::KeyRing::Pick& pick) {
  const routing::Target& t = target(outcome.link);
  Race::Watch watch(*this, outcome.link);
  auto place = enter_gate(t, pick.index, watch.patience());
  if (!place) return fail_with(outcome, std::move(place.error()));
  t.state->called();

  const bool strict = chain_.policy.translation == config::Translation::strict;
  const bool mark_prefix = topology_->config().fallback.prompt_cache;
  const auto& request = request_of(outcome);
  const auto wire = make_wire(request, t, strict, mark_prefix, outcome.attempt->output_limit,
                              [&] { return conversation(outcome); });
  if (!wire) return fail_with(outcome, wire.error());
  record_of(outcome).warnings = wire->warnings;
  auto call = make_call(*wire, request, outcome.link, pick.key);
  if (!call) return fail_with(outcome, std::move(call.error()));

  const bool text = request.doc && !request.needs.vision && !request.needs.audio;
  if (text && t.state->tokens.wants_sample())
    outcome.estimated_tokens = dialects::estimate_tokens(request.doc->root());

  record_of(outcome).sent = true;
  for (size_t i = 0; i < outcome.plugins; ++i) world_.plugins[i]->sent(*outcome.attempt);
  auto sent = world_.transport.send(std::move(*call));
  if (!sent) return fail_with(outcome, std::move(sent.error()));
  outcome.sent = true;
  for (size_t i = outcome.plugins; i > 0; --i)
    *sent = world_.plugins[i - 1]->received(*outcome.attempt, wire->dialect, std::move(*sent));
  read_reply(outcome, *wire, std::move(*sent), std::move(*place));
}

// What the reply is: a failure, a stream, or whole.
void Run::read_reply(Outcome& outcome, const Wire& wire, std::unique_ptr<net::Exchange> exchange,
                     routing::Gate::Place place) {
  const auto& provider = *target(outcome.link).upstream->provider;
  const TimePoint total = std::min(deadline_, after(now(), timeout(outcome.link, &config::Timeouts::total)));
  const TimePoint first =
      std::min(deadline_, after(now(), timeout(outcome.link, &config::Timeouts::first_token)));
  auto head = exchange->head(request_.stream ? first : total);
  if (!head) return fail_with(outcome, std::move(head.error()));
  const net::HttpResponse& response = **head;

  auto& record = record_of(outcome);
  record.status = response.status;
  for (const std::string_view field : {"x-request-id", "request-id", "x-amzn-requestid", "apim-request-id"}) {
    if (const auto id = response.headers.get(field); !id.empty() && record.upstream_request_id.empty()) {
      record.upstream_request_id = shortened(provider.scrub(id), 200);
    }
  }
  if (request_.websocket && response.status == 101) {
    outcome.what = Tunnel{response.headers, std::move(exchange), std::move(place)};
    return;
  }
  if (response.status / 100 != 2) {
    return read_failure(outcome, wire, *exchange, response, std::min(total, after(now(), kErrorPatience)));
  }
  if (request_.websocket) {
    return fail_with(outcome, fail(ErrorClass::invalid_response,
                                   "a reply where a switch to the protocol WebSocket was asked for")
                                  .error());
  }
  const auto type = response.headers.get("content-type");
  const bool inference = request_.dialect != dialects::Dialect::openai_other;
  // Some local servers name no type.
  if (icontains(type, wire.codec->stream_type()) || (type.empty() && request_.stream)) {
    if (inference && !request_.stream) {
      return fail_with(
          outcome, fail(ErrorClass::invalid_response, "a stream where a whole reply was asked for").error());
    }
    return open_stream(outcome, wire, std::move(exchange), response, true, first, std::move(place));
  }
  if (icontains(type, "text/html")) {
    return fail_with(outcome, fail(ErrorClass::invalid_response, "a page of HTML in a 2xx reply").error());
  }
  if (!inference && !is_json(type)) {
    return open_stream(outcome, wire, std::move(exchange), response, false, total, std::move(place));
  }
  read_whole(outcome, wire, *exchange, response, total);
}

// A reply that is no answer: the provider's own error, and its class.
void Run::read_failure(Outcome& outcome, const Wire& wire, net::Exchange& exchange,
                       const net::HttpResponse& response, TimePoint by) {
  const auto& provider = *target(outcome.link).upstream->provider;
  Failure failure{.upstream = true,
                  .foreign = !same_error_shape(wire.dialect, request_.dialect),
                  .headers = response.headers};
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

void Run::read_whole(Outcome& outcome, const Wire& wire, net::Exchange& exchange,
                     const net::HttpResponse& response, TimePoint by) {
  Reply reply{.status = response.status, .headers = response.headers};
  for (;;) {
    auto bytes = exchange.read(by);
    if (!bytes) return fail_with(outcome, std::move(bytes.error()));
    if (bytes->empty()) break;
    reply.body += *bytes;
  }
  auto facts = wire.codec->read_reply(reply.body);
  if (!facts) return fail_with(outcome, std::move(facts.error()));
  const routing::Target& t = target(outcome.link);
  if (!facts->error_object.empty()) {
    Failure failure{.upstream = true,
                    .foreign = facts->error_made || !same_error_shape(wire.dialect, request_.dialect),
                    .headers = std::move(reply.headers)};
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
  note_usage(outcome, facts->usage);
  if (wire.embedding) {
    auto body = translated_embeddings(wire, codec_, t.model, reply.body);
    if (!body) return fail_with(outcome, std::move(body.error()));
    reply.body = std::move(*body);
    reply.headers.set("Content-Type", "application/json");
    facts->object = request_.dialect == dialects::Dialect::openai_embeddings;
  } else if (wire.translated) {
    auto answer = wire.codec->translation()->read_answer(reply.body);
    if (!answer) return fail_with(outcome, std::move(answer.error()));
    for (auto& choice : answer->choices) {
      world_.state.seals.remember(choice.parts);
      dialects::restore_custom_calls(wire.custom_tools, choice.parts);
    }
    if (answer->id.empty()) answer->id = record_.id;
    if (answer->model.empty()) answer->model = t.model;
    if (answer->created == 0) answer->created = unix_ms(world_.fibers.wall()) / 1000;
    reply.answer = std::move(*answer);
    reply.body = {};
  }
  reply.facts = std::move(*facts);
  outcome.what = std::move(reply);
}

// Reads up to the commit point, so that any failure before it falls back unseen.
void Run::open_stream(Outcome& outcome, const Wire& wire, std::unique_ptr<net::Exchange> exchange,
                      const net::HttpResponse& response, bool events, TimePoint first,
                      routing::Gate::Place place) {
  Stream stream{.status = response.status, .headers = response.headers, .place = std::move(place)};
  stream.relay =
      std::make_unique<Relay>(events ? wire.codec : nullptr, request_.wants_usage, std::move(exchange));
  const bool inference = request_.dialect != dialects::Dialect::openai_other;
  stream.hooks = inference && events ? stream_hooks(outcome) : nullptr;
  if (stream.hooks != nullptr && (wire.codec->translation() == nullptr || codec_.translation() == nullptr)) {
    return fail_with(outcome, Error{.error_class = ErrorClass::policy,
                                    .message = "a plugin must see what the model says, and a stream of this "
                                               "API cannot be read event by event",
                                    .code = "stream_unreadable"});
  }
  if (events && (wire.translated || stream.hooks != nullptr)) {
    stream.turn = std::make_unique<TurnWatch>();
    Relay::Filter filter;
    if (stream.hooks != nullptr)
      filter = [hooks = stream.hooks.get()](auto&& event, auto& out) {
        return hooks->pass(std::forward<decltype(event)>(event), out);
      };
    stream.relay->translate(
        target(outcome.link).model,
        dialects::restoring_custom_calls(wire.custom_tools, wire.codec->translation()->decoder()),
        codec_.translation()->encoder({.id = record_.id,
                                       .created = unix_ms(world_.fibers.wall()) / 1000,
                                       .wants_usage = request_.wants_usage,
                                       .extra_fields = extra_fields(&outcome)}),
        [turn = stream.turn.get()](const auto& event) { turn->see(event); }, std::move(filter));
  }
  const Duration idle = timeout(outcome.link, &config::Timeouts::idle);
  const bool complete = chain_.policy.commit == config::Commit::complete;
  const auto seal = [&](const Relay& relay) { return sealed(outcome, relay); };
  while (!(complete ? stream.relay->ended() : stream.relay->content() || stream.relay->ended())) {
    const TimePoint by = stream.relay->alive() ? std::min(deadline_, after(now(), idle)) : first;
    auto pumped = stream.relay->pump(by, seal);
    if (pumped) continue;
    const std::string& error_object = stream.relay->error_object();
    note_stream(outcome, *stream.relay);  // it may have been billed for
    if (const auto* refusal = stream.hooks != nullptr ? stream.hooks->refusal() : nullptr) {
      outcome.what = Failure{.error = refusal->error, .may_fall_back = refusal->may_fall_back};
      return;
    }
    if (error_object.empty()) return fail_with(outcome, std::move(pumped.error()));
    const auto& provider = *target(outcome.link).upstream->provider;
    // AWS tells an exception by its frame, Cohere a failure by its last event: neither is a body of an error.
    const bool framed = wire.codec->stream_type() != std::string_view("text/event-stream") ||
                        wire.dialect == dialects::Dialect::cohere_chat;
    Failure failure{.upstream = true,
                    .foreign = framed || !same_error_shape(wire.dialect, request_.dialect),
                    .headers = std::move(stream.headers)};
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

}  // namespace llmgw::engine
