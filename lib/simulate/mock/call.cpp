#include "simulate/mock/call.h"

#include "base/text.h"

namespace llmgw::simulate {
namespace {

constexpr std::string_view kHtml =
    "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Sign in to the "
    "network</h1></body></html>";

// The key as any of the vendors' clients sends it.
std::string key_of(const net::HttpRequest& request) {
  auto bearer = request.headers.get("authorization");
  if (bearer.size() > 7 && iequals(bearer.substr(0, 7), "bearer ")) return std::string(bearer.substr(7));
  for (const std::string_view field : {"x-api-key", "api-key", "x-goog-api-key"}) {
    if (const auto value = request.headers.get(field); !value.empty()) return std::string(value);
  }
  // SigV4: the access key id (AWS General Reference, "Signing AWS API requests").
  if (const size_t at = bearer.find("Credential="); at != std::string_view::npos) {
    const auto id = bearer.substr(at + 11);
    return std::string(id.substr(0, id.find('/')));
  }
  return {};
}

std::string seconds_up(Duration d) {
  return std::to_string((to_ms(d) + 999) / 1000);
}

}  // namespace

MockCall::MockCall(net::Scheduler& fibers, MockState& state, net::HttpRequest& request,
                   net::ResponseWriter& writer, std::string token)
    : fibers_(fibers),
      state_(state),
      request_(request),
      writer_(writer),
      token_(std::move(token)),
      place_(find_place(request)),
      key_(key_of(request)) {}

void MockCall::run() {
  const int64_t index = state_.next();
  if (!read_body()) return;
  if (place_.model) {
    model_ = *place_.model;
  } else if (doc_) {
    model_ = doc_->root()["model"].text();
  } else if (const auto field = form_field(request_, "model")) {
    model_ = *field;
  }
  // What names no model is still subject to outages and rates.
  const bool needs_model = place_.speech != nullptr;
  if (needs_model && model_.empty())
    return refuse(Refusal{.status = 400, .message = "you must provide a model parameter", .param = "model"});
  auto fate = state_.fate(index, model_.empty() ? "echo" : model_, key_, fibers_.now());

  const auto verdict = state_.admit(key_, static_cast<int64_t>(request_.body.size() + 3) / 4, fibers_.now());
  add_limits(verdict);
  if (verdict.fault) {
    return refuse(Refusal{.status = verdict.fault.status,
                          .reason = verdict.fault.reason,
                          .model = model_,
                          .retry_after = verdict.retry_after});
  }
  if (!fate) return refuse(Refusal{.status = 404, .reason = Fault::Reason::unknown_model, .model = model_});
  fate_ = *fate;
  if (break_off()) return;
  place_.speech != nullptr ? speak() : say_other();
}

bool MockCall::read_body() {
  const bool json = !icontains(request_.headers.get("content-type"), "multipart/form-data");
  if (request_.body.empty() || !json) {
    if (place_.speech == nullptr) return true;
  }
  if (place_.speech != nullptr && request_.method != "POST") {
    refuse(Refusal{
        .status = 405,
        .message = "Not allowed to " + request_.method + " on " + shortened(request_.path(), 100) + "."});
    return false;
  }
  auto doc = json::Doc::parse(request_.body);
  if (!doc || !doc->root().is(json::Kind::object)) {
    refuse(Refusal{.status = 400,
                   .message = "We could not parse the JSON body of your request: " +
                              (doc ? "it is no object" : doc.error().message)});
    return false;
  }
  doc_ = std::move(*doc);
  return true;
}

bool MockCall::sleep(Duration d) {
  if (d <= 0ns) return true;
  if (fibers_.sleep_until(after(fibers_.now(), d)) == net::Wake::timeout) return true;
  writer_.abort();
  return false;
}

// The faults that show before any answer. True: nothing is left to do.
bool MockCall::break_off() {
  const Fault& fault = fate_.fault;
  switch (fault.kind) {
    case Fault::Kind::status: {
      Refusal refusal{
          .status = fault.status, .reason = fault.reason, .model = model_, .retry_after = fate_.retry_after};
      if (fault.status == 429 && fault.reason == Fault::Reason::plain && !refusal.retry_after)
        refusal.retry_after = 1s;
      if (sleep(fate_.behaviour.latency)) refuse(refusal);
      return true;
    }
    case Fault::Kind::hang:
      while (fibers_.sleep_until(after(fibers_.now(), 1h)) == net::Wake::timeout) {
      }
      writer_.abort();
      return true;
    case Fault::Kind::reset:
      if (sleep(fate_.behaviour.latency)) writer_.abort();
      return true;
    case Fault::Kind::html:
      if (sleep(fate_.behaviour.latency)) send(200, "text/html; charset=utf-8", kHtml);
      return true;
    case Fault::Kind::malformed:
      if (sleep(fate_.behaviour.latency))
        send(200, "application/json", "{\"id\":\"chatcmpl-" + token_ + "\",\"choices\":[{\"index\":0,");
      return true;
    case Fault::Kind::empty:
      if (sleep(fate_.behaviour.latency)) send(200, "application/json", "{}");
      return true;
    case Fault::Kind::redirect: {
      if (!sleep(fate_.behaviour.latency)) return true;
      auto fields = headers("text/plain");
      fields.add("Location", "https://example.com/elsewhere");
      (void)writer_.send(307, fields, "");
      return true;
    }
    case Fault::Kind::none:
    case Fault::Kind::cut:
    case Fault::Kind::first_error: return false;
  }
  return false;
}

void MockCall::speak() {
  auto prompt = place_.speech->read(doc_->root());
  if (!prompt) return refuse(prompt.error());
  prompt->model = model_;
  const bool body_says = place_.vendor == Vendor::openai || place_.vendor == Vendor::anthropic ||
                         place_.vendor == Vendor::cohere;
  prompt->stream =
      prompt->stream || place_.stream || (body_says && doc_->root()["stream"].boolean().value_or(false));
  const Answer answer(fate_.behaviour, *prompt);
  const auto speaker = place_.speech->speaker(*prompt, answer, id());
  prompt->stream ? speak_stream(*speaker, answer) : speak_whole(*speaker, answer);
}

void MockCall::speak_whole(Speaker& speaker, const Answer& answer) {
  const auto& behaviour = fate_.behaviour;
  if (!sleep(behaviour.latency + behaviour.per_token * static_cast<int64_t>(answer.pieces()))) return;
  if (fate_.fault.kind == Fault::Kind::first_error) {
    const Refusal refusal{.status = 500, .model = model_};
    const auto reply = error_reply(place_.vendor, refusal, "req_" + token_);
    return send(200, "application/json", reply.body);
  }
  const std::string body = speaker.whole();
  if (fate_.fault.kind != Fault::Kind::cut) return send(200, "application/json", body);
  if (writer_.begin(200, headers("application/json")))
    (void)writer_.write(std::string_view(body).substr(0, body.size() / 2));
  writer_.abort();
}

void MockCall::speak_stream(Speaker& speaker, const Answer& answer) {
  const auto& behaviour = fate_.behaviour;
  const TimePoint begun = fibers_.now();
  // A vendor's head comes with the first token, as a queue's wait is before it.
  if (!sleep(behaviour.latency)) return;
  if (!writer_.begin(200, headers(speaker.stream_type()))) return;
  std::string out;
  if (fate_.fault.kind == Fault::Kind::first_error) {
    speaker.error({.status = 500, .model = model_}, out);
    if (writer_.write(out)) (void)writer_.end();
    return;
  }
  speaker.open(out);
  const bool cut = fate_.fault.kind == Fault::Kind::cut;
  const size_t pieces = cut ? answer.pieces() / 2 : answer.pieces();
  for (size_t i = 0; i < pieces; ++i) {
    const TimePoint due = after(begun, behaviour.latency + behaviour.per_token * static_cast<int64_t>(i));
    if (due > fibers_.now()) {
      // All that is due goes out before the wait.
      if (!out.empty() && !writer_.write(out)) return;
      out.clear();
      if (!sleep(due - fibers_.now())) return;
    } else if (out.size() > 64 << 10) {
      if (!writer_.write(out)) return;
      out.clear();
    }
    speaker.piece(i, out);
  }
  if (!cut) speaker.close(out);
  if (!writer_.write(out)) return;
  if (!cut) {
    (void)writer_.end();
    return;
  }
  // The reset must not overtake what stands before it.
  if (sleep(20ms)) writer_.abort();
}

void MockCall::say_other() {
  const OtherCall call{.path = place_.path,
                       .request = request_,
                       .body = doc_ ? doc_->root() : json::Value(),
                       .model = model_,
                       .id = id()};
  if (!sleep(fate_.behaviour.latency)) return;
  std::optional<Result<PlainReply>> reply;
  switch (place_.vendor) {
    case Vendor::openai: reply = openai_other(call, state_); break;
    case Vendor::anthropic: reply = anthropic_other(call, state_); break;
    case Vendor::gemini: reply = gemini_other(call, state_); break;
    case Vendor::cohere: reply = cohere_other(call); break;
    case Vendor::bedrock:
    case Vendor::ollama: break;
  }
  if (!reply) {
    return refuse(Refusal{.status = 404,
                          .message = "Unknown request URL: " + request_.method + " " +
                                     shortened(request_.path(), 200) + ". Please check the URL for typos."});
  }
  if (!*reply) return refuse(reply->error());
  if (fate_.fault.kind == Fault::Kind::cut) {
    const auto& body = (*reply)->body;
    if (writer_.begin((*reply)->status, headers((*reply)->type)))
      (void)writer_.write(std::string_view(body).substr(0, body.size() / 2));
    return writer_.abort();
  }
  send((*reply)->status, (*reply)->type, (*reply)->body);
}

void MockCall::refuse(const Error& error) {
  refuse(
      Refusal{.status = error.http_status(),
              .reason = error.code == "model_not_found" ? Fault::Reason::unknown_model : Fault::Reason::plain,
              .model = model_,
              .message = error.message,
              .param = error.param});
}

void MockCall::refuse(const Refusal& refusal) {
  auto fields = headers("application/json");
  if (refusal.retry_after) fields.add("Retry-After", seconds_up(*refusal.retry_after));
  const auto reply = error_reply(place_.vendor, refusal, "req_" + token_);
  for (const auto field : reply.headers) fields.add(field.name, field.value);
  // Google answers a bad key with 400, Bedrock an unknown model.
  const bool as_400 = (place_.vendor == Vendor::gemini && refusal.status == 401) ||
                      (place_.vendor == Vendor::bedrock && refusal.reason == Fault::Reason::unknown_model);
  (void)writer_.send(as_400 ? 400 : refusal.status, fields, reply.body);
}

void MockCall::send(int status, std::string_view type, std::string_view body) {
  (void)writer_.send(status, headers(type), body);
}

net::Headers MockCall::headers(std::string_view type) const {
  net::Headers fields;
  fields.add("Content-Type", type);
  fields.add("x-request-id", "req_" + token_);
  if (place_.vendor == Vendor::anthropic) fields.add("request-id", "req_" + token_);
  if (place_.vendor == Vendor::bedrock) fields.add("x-amzn-RequestId", token_);
  for (const auto field : limits_) fields.add(field.name, field.value);
  return fields;
}

// OpenAI: https://platform.openai.com/docs/guides/rate-limits; Anthropic:
// https://docs.anthropic.com/en/api/rate-limits.
void MockCall::add_limits(const MockState::Verdict& verdict) {
  if (!verdict.requests && !verdict.tokens) return;
  const bool anthropic = place_.vendor == Vendor::anthropic;
  auto add = [&](std::string_view what, const std::optional<int64_t>& limit,
                 const std::optional<int64_t>& left) {
    if (!limit) return;
    const std::string name(what);
    if (anthropic) {
      limits_.add("anthropic-ratelimit-" + name + "-limit", std::to_string(*limit));
      limits_.add("anthropic-ratelimit-" + name + "-remaining", std::to_string(*left));
    } else {
      limits_.add("x-ratelimit-limit-" + name, std::to_string(*limit));
      limits_.add("x-ratelimit-remaining-" + name, std::to_string(*left));
      limits_.add("x-ratelimit-reset-" + name, std::to_string(to_ms(verdict.reset)) + "ms");
    }
  };
  add("requests", verdict.requests, verdict.requests_left);
  add("tokens", verdict.tokens, verdict.tokens_left);
}

ReplyId MockCall::id() const {
  return {
      .token = token_,
      .created = std::chrono::duration_cast<std::chrono::seconds>(fibers_.wall().time_since_epoch()).count()};
}

}  // namespace llmgw::simulate
