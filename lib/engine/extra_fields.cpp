#include "engine/extra_fields.h"

namespace llmgw::engine {
namespace {

void write_attempt(json::Writer& writer, const observe::AttemptRecord& attempt) {
  writer.begin_object().member("provider", attempt.provider).member("model", attempt.model);
  if (!attempt.key.empty()) writer.member("key", attempt.key);
  if (attempt.status != 0) writer.member("status", attempt.status);
  if (attempt.error_class) writer.member("class", name(*attempt.error_class));
  if (!attempt.message.empty()) writer.member("message", attempt.message);
  if (attempt.skipped.empty()) {
    writer.member("ms", to_ms(attempt.took));
  } else {
    writer.member("skipped", attempt.skipped);
  }
  if (attempt.from_cache()) writer.member("from_cache", true);
  if (attempt.held_back()) writer.member("sent", false);
  if (attempt.raced) writer.member("raced", true);
  if (attempt.retry_after) writer.member("retry_after_s", to_seconds(*attempt.retry_after));
  if (!attempt.upstream_request_id.empty()) writer.member("upstream_request_id", attempt.upstream_request_id);
  writer.end_object();
}

void write_cache(json::Writer& writer, const observe::AttemptRecord* winner) {
  const bool hit = winner != nullptr && winner->from_cache();
  writer.key("cache").begin_object().member("hit", hit);
  if (hit) {
    writer.member("kind", winner->hit.kind)
        .member("similarity", winner->hit.similarity)
        .member("age_s", to_seconds(winner->hit.age));
  }
  writer.end_object();
}

}  // namespace

std::string extra_fields_json(const observe::RequestRecord& record, const observe::AttemptRecord* winner,
                              Duration latency, config::ExtraFields level) {
  std::string out;
  if (level == config::ExtraFields::off) return out;
  out.reserve(640);
  json::Writer writer(out);
  writer.begin_object().member("request_id", record.id);
  if (winner != nullptr) writer.member("provider", winner->provider).member("model", winner->model);
  if (level == config::ExtraFields::basic) {
    writer.end_object();
    return out;
  }
  writer.member("request_type", record.request_type).member("model_requested", record.model_requested);
  if (winner != nullptr && !winner->key.empty()) writer.member("key", winner->key);
  if (!record.route.empty()) writer.member("route", record.route);
  writer.member("latency_ms", to_ms(latency));
  NanoUsd cost;
  for (const auto& attempt : record.attempts) cost = cost + attempt.cost;
  writer.member("cost_usd", to_usd(cost));
  write_cache(writer, winner);
  writer.key("warnings").begin_array();
  if (winner != nullptr) {
    for (const auto& warning : winner->warnings)
      writer.begin_object().member("code", warning.code).member("field", warning.field).end_object();
  }
  writer.end_array();
  writer.key("attempts").begin_array();
  for (const auto& attempt : record.attempts) write_attempt(writer, attempt);
  writer.end_array().end_object();
  return out;
}

}  // namespace llmgw::engine
