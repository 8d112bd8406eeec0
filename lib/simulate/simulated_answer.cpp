#include "simulate/simulated_answer.h"

#include "base/hash.h"
#include "simulate/mock/call.h"
#include "simulate/mock/openai.h"
#include "simulate/mock/speaker.h"

namespace llmgw::simulate {
namespace {

using Kind = SimulatedCall::Event::Kind;

// Whose API the call is of, by its path.
Place place_of(const SeenCall& call, net::HttpRequest& request) {
  request.method = "POST";
  request.target = call.target;
  return find_place(request);
}

bool wants_stream(const Place& place, json::Value body) {
  return place.stream || body["stream"].boolean().value_or(false);
}

// The upstream's own name for the call: what it puts into ids and the request-id header.
std::string token_of(const SeenCall& call) {
  return std::to_string(hash64(call.host + call.body + std::to_string(call.at.time_since_epoch().count())));
}

void add_bytes(SimulatedCall& out, Duration at, std::string bytes, size_t split) {
  if (split == 0) {
    if (!bytes.empty()) out.body.push_back({at, Kind::bytes, std::move(bytes)});
    return;
  }
  for (size_t i = 0; i < bytes.size(); i += split)
    out.body.push_back({at, Kind::bytes, bytes.substr(i, split)});
}

void add_stream(SimulatedCall& out, const Manner& manner, const Answer& answer, Speaker& speaker) {
  std::string bytes;
  speaker.open(bytes);
  add_bytes(out, manner.head, std::move(bytes), manner.split);
  Duration at = manner.head + manner.first;
  const size_t pieces = answer.pieces();
  for (size_t i = 0; i <= pieces; ++i) {
    if (manner.cut_after && i >= *manner.cut_after) {
      out.body.push_back({at, Kind::cut, {}});
      return;
    }
    if (manner.stall_after && i >= *manner.stall_after) return;
    if (i == pieces) break;
    bytes.clear();
    speaker.piece(i, bytes);
    add_bytes(out, at, std::move(bytes), manner.split);
    at += manner.per_piece;
  }
  bytes.clear();
  speaker.close(bytes);
  if (const size_t marker = bytes.rfind("data: [DONE]"); !manner.end_marker && marker != std::string::npos)
    bytes.erase(marker);
  add_bytes(out, at, std::move(bytes), manner.split);
  out.body.push_back({at, Kind::end, {}});
}

void add_whole(SimulatedCall& out, const Manner& manner, std::string body) {
  const Duration at = manner.head + manner.first;
  out.head_at = at;
  out.headers.set("Content-Type", "application/json");
  if (manner.cut_after || manner.stall_after) body.resize(body.size() / 2);
  add_bytes(out, at, std::move(body), manner.split);
  if (!manner.stall_after) out.body.push_back({at, manner.cut_after ? Kind::cut : Kind::end, {}});
}

}  // namespace

SimulatedCall answers(const SeenCall& call, const Manner& manner) {
  SimulatedCall out;
  out.head_at = manner.head;
  const ReplyId id{.token = token_of(call), .created = 1'767'225'600};
  out.headers.add("x-request-id", "req_" + id.token);
  const auto doc = json::Doc::parse(call.body);
  const json::Value body = doc ? doc->root() : json::Value();
  net::HttpRequest request;
  const Place place = place_of(call, request);
  if (place.speech == nullptr) {
    const auto reply = embeddings(body, body["model"].text());
    add_whole(out, manner, reply ? reply->body : R"({"object":"ok"})");
    return out;
  }
  auto prompt = place.speech->read(body);
  if (!prompt) return fails(call, {Fault::Kind::status, 400});
  prompt->model = place.model.value_or(body["model"].text());
  prompt->last_user_text = manner.text;
  const Answer answer(Behaviour{}, *prompt);
  const auto speaker = place.speech->speaker(*prompt, answer, id);
  if (wants_stream(place, body)) {
    out.headers.add("Content-Type", speaker->stream_type());
    add_stream(out, manner, answer, *speaker);
  } else {
    add_whole(out, manner, speaker->whole());
  }
  return out;
}

SimulatedCall fails(const SeenCall& call, const Fault& fault, std::optional<Duration> retry_after,
                    Duration head) {
  SimulatedCall out = says("application/json", {}, head);
  out.headers.add("x-request-id", "req_" + token_of(call));
  const auto doc = json::Doc::parse(call.body);
  const json::Value root = doc ? doc->root() : json::Value();
  net::HttpRequest request;
  const Place place = place_of(call, request);
  const Refusal refusal{.status = fault.status != 0 ? fault.status : 500,
                        .reason = fault.reason,
                        .model = place.model.value_or(root["model"].text())};
  const auto error = error_reply(place.vendor, refusal, "req_" + token_of(call));
  switch (fault.kind) {
    case Fault::Kind::none: break;
    case Fault::Kind::status:
      out.status = fault.status;
      if (retry_after) out.headers.add("Retry-After", std::to_string((to_ms(*retry_after) + 999) / 1000));
      for (const auto field : error.headers) out.headers.add(field.name, field.value);
      out.body.front().bytes = error.body;
      break;
    case Fault::Kind::hang: out.head_at.reset(); break;
    case Fault::Kind::reset: out.broken_head = true; break;
    case Fault::Kind::cut: return answers(call, {.head = head, .cut_after = 2});
    case Fault::Kind::first_error: {
      out.body.front().bytes = error.body;
      if (!wants_stream(place, root) || place.speech == nullptr) break;
      out.body.front().bytes.clear();
      const Prompt prompt;
      const Answer answer(Behaviour{}, prompt);
      const auto speaker = place.speech->speaker(prompt, answer, {});
      out.headers.set("Content-Type", speaker->stream_type());
      speaker->error(refusal, out.body.front().bytes);
      break;
    }
    case Fault::Kind::html:
      out.headers.set("Content-Type", "text/html");
      out.body.front().bytes = "<!DOCTYPE html><html><body>Sign in to the network</body></html>";
      break;
    case Fault::Kind::malformed: out.body.front().bytes = R"({"id":"x","choices":[{"index":0,)"; break;
    case Fault::Kind::empty: out.body.front().bytes = "{}"; break;
    case Fault::Kind::redirect:
      out.status = 307;
      out.headers.add("Location", "https://example.com/elsewhere");
      break;
  }
  return out;
}

SimulatedCall refuses_connection() {
  return {.connect = SimulatedCall::Connect::refused, .connect_time = 1ms};
}
SimulatedCall never_connects() {
  return {.connect = SimulatedCall::Connect::silent};
}

SimulatedCall says(std::string_view content_type, std::string body, Duration head) {
  SimulatedCall out;
  out.head_at = head;
  out.headers.add("Content-Type", content_type);
  out.body.push_back({head, Kind::bytes, std::move(body)});
  out.body.push_back({head, Kind::end, {}});
  return out;
}

}  // namespace llmgw::simulate
