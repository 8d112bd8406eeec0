// What other programs read: CSV and JSON.
#include <algorithm>

#include "base/json_writer.h"
#include "observe/report.h"
#include "observe/timestamp.h"

namespace llmgw::observe {
namespace {

constexpr std::string_view kHeading =
    "arrived,request_id,client_id,request_type,model_requested,route,provider,model,key,virtual_key,status,"
    "class,stream,"
    "fallback,cut,attempts,latency_ms,first_content_ms,input_tokens,output_tokens,cached_tokens,cost_usd,"
    "tags\r\n";

double in_ms(Duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

void append_field(std::string& row, std::string_view text) {
  if (!row.empty()) row += ',';
  // A cell that a spreadsheet would run as a formula is made text.
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (!formula && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    row += text;
    return;
  }
  row += formula ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') row += c;
    row += c;
  }
  row += '"';
}

void add_usage(json::Writer& w, const Usage& usage) {
  const std::pair<std::string_view, int64_t> counts[] = {{"input_tokens", usage.input},
                                                         {"output_tokens", usage.output},
                                                         {"cached_input_tokens", usage.cached_input},
                                                         {"cache_written_tokens", usage.cache_written},
                                                         {"reasoning_tokens", usage.reasoning}};
  for (const auto& [name, n] : counts) {
    if (n >= 0) w.member(name, n);
  }
}

void add_text(json::Writer& w, std::string_view name, std::string_view text) {
  if (!text.empty()) w.member(name, text);
}

void add_class(json::Writer& w, const std::optional<ErrorClass>& c) {
  if (c) w.member("class", name(*c));
}

void add_attempt(json::Writer& w, const AttemptRecord& a) {
  w.begin_object().member("provider", a.provider).member("model", a.model);
  add_text(w, "key", a.key);
  if (a.status != 0) w.member("status", a.status);
  add_class(w, a.error_class);
  add_text(w, "message", a.message);
  add_text(w, "code", a.code);
  w.member("started_ms", in_ms(a.started)).member("ms", in_ms(a.took));
  if (a.first_content) w.member("first_content_ms", in_ms(*a.first_content));
  add_text(w, "skipped", a.skipped);
  if (a.from_cache()) w.member("from_cache", true);
  if (a.held_back()) w.member("sent", false);
  if (a.raced) w.member("raced", true);
  if (a.retry_after) w.member("retry_after_s", to_seconds(*a.retry_after));
  add_text(w, "upstream_request_id", a.upstream_request_id);
  add_usage(w, a.usage);
  w.member("cost_usd", to_usd(a.cost));
  w.end_object();
}

void add_seconds(json::Writer& w, std::string_view name, const std::optional<Duration>& d) {
  w.key(name);
  d ? w.number(to_seconds(*d)) : w.null();
}

}  // namespace

std::string csv_heading() {
  return std::string(kHeading);
}

std::string csv_row(const RequestRecord& r) {
  auto count = [](int64_t n) { return n < 0 ? std::string() : std::to_string(n); };
  auto number = [](double value) {
    std::string text;
    json::Writer(text).number(value);
    return text;
  };
  std::string tags;
  for (const auto& [name, value] : r.tags) tags += (tags.empty() ? "" : ";") + name + "=" + value;
  const auto attempts = std::ranges::count_if(r.attempts, [](const auto& a) { return a.sent; });
  auto flag = [](bool set) -> std::string_view { return set ? "true" : "false"; };
  std::string row;
  append_field(row, timestamp(r.arrived));
  for (const std::string* text : {&r.id, &r.client_id, &r.request_type, &r.model_requested, &r.route,
                                  &r.provider, &r.model, &r.key, &r.virtual_key}) {
    append_field(row, *text);
  }
  append_field(row, std::to_string(r.status));
  append_field(row, r.error_class ? name(*r.error_class) : std::string_view{});
  for (const bool set : {r.stream, r.fallback, r.cut}) append_field(row, flag(set));
  append_field(row, std::to_string(attempts));
  append_field(row, number(in_ms(r.took)));
  append_field(row, r.first_content ? number(in_ms(*r.first_content)) : std::string{});
  for (const int64_t n : {r.usage.input, r.usage.output, r.usage.cached_input}) append_field(row, count(n));
  append_field(row, number(to_usd(r.cost)));
  append_field(row, tags);
  return row + "\r\n";
}

std::string json_row(const RequestRecord& r) {
  std::string out;
  json::Writer w(out);
  w.begin_object().member("request_id", r.id);
  add_text(w, "client_id", r.client_id);
  w.member("arrived", std::string_view(timestamp(r.arrived))).member("request_type", r.request_type);
  w.member("model_requested", r.model_requested);
  add_text(w, "route", r.route);
  add_text(w, "provider", r.provider);
  add_text(w, "model", r.model);
  add_text(w, "key", r.key);
  add_text(w, "virtual_key", r.virtual_key);
  w.member("status", r.status);
  add_class(w, r.error_class);
  w.member("stream", r.stream).member("fallback", r.fallback);
  if (r.cut) w.member("cut", true);
  w.member("latency_ms", in_ms(r.took));
  if (r.first_content) w.member("first_content_ms", in_ms(*r.first_content));
  add_usage(w, r.usage);
  w.member("cost_usd", to_usd(r.cost));
  if (r.raced_cost.value != 0) w.member("raced_cost_usd", to_usd(r.raced_cost));
  w.key("tags").begin_object();
  for (const auto& [name, value] : r.tags) w.member(name, value);
  w.end_object().key("attempts").begin_array();
  for (const auto& a : r.attempts) add_attempt(w, a);
  w.end_array();
  if (!r.request_body.empty() || !r.response_body.empty()) {
    w.key("bodies")
        .begin_object()
        .member("request", r.request_body)
        .member("response", r.response_body)
        .end_object();
  }
  w.end_object();
  return out + "\n";
}

std::string stats_json(const Stats& s, StatsBy by) {
  std::string out;
  json::Writer w(out);
  w.begin_object().key("since");
  s.since ? w.string(timestamp(*s.since)) : w.null();
  w.member("requests", s.requests).member("answered", s.answered).member("cancelled", s.cancelled);
  w.member("fallbacks", s.fallbacks).member("first_failed", s.first_failed).member("rescued", s.rescued);
  w.member("success_rate", s.success_rate()).member("fallback_rate", s.fallback_rate());
  w.member("rescue_rate", s.rescue_rate());
  add_seconds(w, "rescue_p50_s", s.rescue_p50);
  add_seconds(w, "rescue_p95_s", s.rescue_p95);
  add_seconds(w, "took_p50_s", s.took_p50);
  add_seconds(w, "took_p95_s", s.took_p95);
  w.member("input_tokens", s.input_tokens).member("output_tokens", s.output_tokens);
  w.member("cached_tokens", s.cached_tokens);
  w.member("cost_usd", to_usd(s.cost)).member("raced_cost_usd", to_usd(s.raced_cost));
  w.key("failures").begin_array();
  for (const auto& p : s.providers) {
    w.begin_object().member("provider", p.provider).member("calls", p.calls).key("classes").begin_object();
    for (size_t i = 0; i < p.by_class.size(); ++i) {
      if (p.by_class[i] > 0) w.member(name(static_cast<ErrorClass>(i)), p.by_class[i]);
    }
    w.end_object().end_object();
  }
  w.end_array();
  if (by != StatsBy::none) {
    w.key(name(by)).begin_array();
    for (const auto& g : s.groups) {
      w.begin_object().member("name", g.name).member("count", g.count).member("answered", g.answered);
      w.member("failed", g.failed)
          .member("input_tokens", g.input_tokens)
          .member("output_tokens", g.output_tokens);
      w.member("cost_usd", to_usd(g.cost)).end_object();
    }
    w.end_array();
  }
  w.key("unclassified").begin_array();
  for (const auto& u : s.unclassified) {
    w.begin_object().member("provider", u.provider).member("model", u.model).member("status", u.status);
    w.member("code", u.code).member("message", u.message).member("count", u.count);
    w.member("last", std::string_view(timestamp(u.last))).end_object();
  }
  w.end_array().key("needs_a_person").begin_array();
  for (const auto& line : needs_a_person(s)) w.string(line);
  w.end_array().end_object();
  return out + "\n";
}

}  // namespace llmgw::observe
