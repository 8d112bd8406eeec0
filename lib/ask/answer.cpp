#include "ask/answer.h"

#include "base/text.h"
#include "dialects/openai.h"

namespace llmgw::ask {

Result<void> AnswerReader::send(int status, const net::Headers&, std::string_view body) {
  answer_.status = status;
  answer_.body = body;
  const auto doc = json::Doc::parse(body, {.allow_lone_surrogates = true});
  if (!doc || !doc->root().is(json::Kind::object)) {
    answer_.error =
        "a reply of status " + std::to_string(status) + " that is no JSON object: " + shortened(body, 120);
    return {};
  }
  const auto reply = doc->root();
  answer_.extra_fields = reply["extra_fields"].raw();
  read_usage(reply["usage"]);
  if (status >= 400 || dialects::openai_error(reply)) {
    read_error(reply);
    return {};
  }
  const auto message = reply["choices"].at(0)["message"];
  answer_.message = message.raw();
  answer_.text = message["content"].text();
  answer_.refusal = message["refusal"].text();
  answer_.tool_calls = static_cast<int>(message["tool_calls"].size());
  answer_.whole = true;
  return {};
}

Result<void> AnswerReader::begin(int status, const net::Headers&) {
  answer_.status = status;
  answer_.stream = true;
  return {};
}

Result<void> AnswerReader::write(std::string_view bytes) {
  splitter_.feed(bytes);
  while (true) {
    auto event = splitter_.next();
    if (!event) return fail(std::move(event.error()));
    if (!*event) return {};
    if (auto read = read_event(**event); !read) return read;
  }
}

Result<void> AnswerReader::read_event(const net::SseEvent& event) {
  if (event.data.empty()) return {};
  if (event.data == "[DONE]") {
    done_ = true;
    return {};
  }
  const auto doc = json::Doc::parse(event.data, {.allow_lone_surrogates = true});
  if (!doc)
    return fail(ErrorClass::invalid_response,
                "a stream event that is no JSON: " + shortened(event.data, 120));
  const auto chunk = doc->root();
  if (const auto extra = chunk["extra_fields"]) answer_.extra_fields = extra.raw();
  read_usage(chunk["usage"]);
  if (dialects::openai_error(chunk)) read_error(chunk);
  for (auto [_, choice] : chunk["choices"].elements()) {
    if (choice["index"].integer().value_or(0) != 0) continue;
    const auto delta = choice["delta"];
    answer_.refusal += delta["refusal"].text();
    for (auto [unused, call] : delta["tool_calls"].elements()) {
      if (call["id"]) ++answer_.tool_calls;
    }
    const auto text = delta["content"].text();
    if (text.empty()) continue;
    answer_.text += text;
    if (on_text_ && !on_text_(text)) return fail(ErrorClass::cancelled, "nobody reads the answer");
  }
  return {};
}

Result<void> AnswerReader::end() {
  answer_.whole = done_ && answer_.error.empty();
  if (!done_ && answer_.error.empty()) answer_.error = "the stream ended before the answer did";
  return {};
}

void AnswerReader::abort() {
  answer_.whole = false;
}

void AnswerReader::read_error(json::Value reply) {
  const auto error = dialects::openai_error(reply);
  answer_.error = error.is(json::Kind::string) ? error.text() : error["message"].text();
  const auto code = error["code"];
  answer_.code =
      code.is(json::Kind::string) ? code.text() : std::string(code.is(json::Kind::number) ? code.raw() : "");
  if (answer_.error.empty())
    answer_.error = "status " + std::to_string(answer_.status) + " without a message";
}

void AnswerReader::read_usage(json::Value usage) {
  dialects::read_openai_usage(usage, answer_.usage);
}

observe::RequestRecord record_of(const Answer& answer) {
  observe::RequestRecord record;
  record.status = answer.status;
  record.stream = answer.stream;
  record.usage = answer.usage;
  const auto doc =
      json::Doc::parse(answer.extra_fields.empty() ? "{}" : std::string_view(answer.extra_fields),
                       {.allow_lone_surrogates = true});
  if (!doc) return record;
  const auto extra = doc->root();
  record.id = extra["request_id"].text();
  record.request_type = extra["request_type"].text();
  record.model_requested = extra["model_requested"].text();
  record.route = extra["route"].text();
  record.provider = extra["provider"].text();
  record.model = extra["model"].text();
  record.key = extra["key"].text();
  record.took = std::chrono::milliseconds(extra["latency_ms"].integer().value_or(0));
  record.cost.value = static_cast<int64_t>(extra["cost_usd"].number().value_or(0) * 1e9);
  for (auto [_, value] : extra["attempts"].elements()) {
    observe::AttemptRecord attempt;
    attempt.provider = value["provider"].text();
    attempt.model = value["model"].text();
    attempt.key = value["key"].text();
    attempt.status = static_cast<int>(value["status"].integer().value_or(0));
    attempt.error_class = error_class(value["class"].text());
    attempt.message = value["message"].text();
    attempt.skipped = value["skipped"].text();
    attempt.took = std::chrono::milliseconds(value["ms"].integer().value_or(0));
    if (value["from_cache"].boolean().value_or(false)) attempt.cache = observe::CacheUse::hit;
    attempt.raced = value["raced"].boolean().value_or(false);
    attempt.sent = attempt.skipped.empty() && !attempt.from_cache() && value["sent"].boolean().value_or(true);
    attempt.upstream_request_id = value["upstream_request_id"].text();
    if (const auto wait = value["retry_after_s"].number()) {
      attempt.retry_after = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*wait));
    }
    record.attempts.push_back(std::move(attempt));
  }
  if (!answer.answered()) {
    // The first target called or refused speaks for the chain, as in the reply itself.
    for (const auto& attempt : record.attempts) {
      if (attempt.error_class && !record.error_class) record.error_class = attempt.error_class;
    }
    if (!record.error_class) record.error_class = error_class(answer.code);
    if (!record.error_class) {
      record.error_class = answer.status == 0 || answer.stream ? ErrorClass::network
                           : answer.status == 402              ? ErrorClass::budget
                           : answer.status == 403              ? ErrorClass::policy
                           : answer.status == 401              ? ErrorClass::auth
                           : answer.status == 429              ? ErrorClass::rate_limit
                           : answer.status == 504              ? ErrorClass::timeout
                           : answer.status >= 500              ? ErrorClass::server_error
                                                               : ErrorClass::bad_request;
    }
    record.cut = answer.stream && !answer.text.empty();
  }
  for (const auto& attempt : record.attempts) {
    if (!attempt.skipped.empty()) continue;
    record.fallback = answer.answered() && !record.provider.empty() &&
                      (attempt.provider != record.provider || attempt.model != record.model);
    break;
  }
  return record;
}

}  // namespace llmgw::ask
