// The invariants of a random world.
#include "tests/engine/random_world.h"

namespace llmgw::engine {

void RandomWorld::check_client(const RandomClient& client) {
  const auto& who = client.nonce;
  const Got& got = *client.got;
  const auto& record = record_of(client);
  const auto calls = calls_of(client);
  const TimePoint returned = asked(client) + got.took;
  check(got.returned, who + " never returned");
  check(got.answers <= 1, who + " was answered twice");
  const bool left = client.ask.leaves_after && asked(client) + *client.ask.leaves_after <= returned;
  if (!left) check(got.answers == 1 && (got.ended || got.aborted), who + " has no whole answer");

  check(calls.size() <= static_cast<size_t>(config_->fallback.max_attempts),
        who + " made more calls than max_attempts");
  for (const auto* call : calls) {
    check(call->at < deadline(client), who + " was called for after its deadline");
    check(call->left <= returned, who + " has a call that outlives it");
    check(call->authorization.starts_with("Bearer sk-" + provider_of(*call) + "-"),
          who + " sent a key to another provider");
    check(call->headers.count("authorization") == 1, who + " sent two credentials");
    if (client.ask.leaves_after) {
      const TimePoint leaves = asked(client) + *client.ask.leaves_after;
      check(call->at <= leaves, who + " was called for after it left");
      check(call->left <= std::max(leaves + 1s, call->at), who + " left, and its call lived on");
    }
    for (const auto& other : clients_) {
      if (other.nonce != who)
        check(call->body.find("\"" + other.nonce + "\"") == std::string::npos,
              who + " shows in another's call");
    }
    size_t live = 0;
    for (const auto* other : calls) live += other->at <= call->at && other->left > call->at ? 1 : 0;
    check(live <= 2, who + " had more than two calls live");
  }
  check_trail(client, record, calls);
  check_plugin(client, record, calls);
  check_answer(client, record, calls);
}

// The trail equals what the upstreams saw: provider, model, key, in the order of the calls.
void RandomWorld::check_trail(const RandomClient& client, const observe::RequestRecord& record,
                              const std::vector<const SeenCall*>& calls) {
  std::vector<const observe::AttemptRecord*> made;
  for (const auto& attempt : record.attempts) {
    if (attempt.sent) made.push_back(&attempt);
  }
  check(made.size() == calls.size(), client.nonce + "'s trail has " + std::to_string(made.size()) +
                                         " calls, upstreams saw " + std::to_string(calls.size()));
  for (size_t i = 0; i < std::min(made.size(), calls.size()); ++i) {
    const auto& call = *calls[i];
    const bool same = made[i]->provider == provider_of(call) && made[i]->model == model_of(call) &&
                      call.authorization == "Bearer sk-" + made[i]->provider + "-" + made[i]->key;
    check(same, client.nonce + "'s trail differs from what the upstreams saw at call " + std::to_string(i));
    const auto target = made[i]->provider + "/" + made[i]->model;
    check(std::ranges::find(client.chain, target) != client.chain.end(),
          client.nonce + " was sent to a target outside its chain");
  }
}

// A veto bars what comes after it; whatever the plugin held back is in the trail, and was not sent.
void RandomWorld::check_plugin(const RandomClient& client, const observe::RequestRecord& record,
                               const std::vector<const SeenCall*>& calls) {
  for (const auto& attempt : record.attempts) {
    check(!attempt.held_back() || attempt.status == 0, client.nonce + " has a status for what was not sent");
    check(attempt.sent || attempt.cost.value == 0, client.nonce + " paid for what was not sent");
  }
  if (moody_ == nullptr) return;
  for (const auto& veto : moody_->vetoes) {
    if (!of(veto.body, client)) continue;
    for (const auto* call : calls)
      check(call->at <= veto.at, client.nonce + " was called for after a plugin's veto");
  }
}

// Vectors of two models are never mixed, and the answer is the winner's own.
void RandomWorld::check_vectors(const RandomClient& client, const observe::RequestRecord& record,
                                const std::vector<const SeenCall*>& calls) {
  const auto& who = client.nonce;
  for (const auto* call : calls)
    check(model_of(*call) == model_of(*calls.front()), who + " asked two models for vectors");
  const auto doc = json::Doc::parse(client.got->body);
  check(doc && doc->root()["data"].size() > 0, who + " got no vectors");
  const SeenCall* winner = nullptr;
  for (const auto& attempt : record.attempts) {
    if (attempt.sent && !attempt.error_class && attempt.provider == record.provider)
      check(client.got->headers.get("x-request-id") == attempt.upstream_request_id,
            who + " got the headers of another call");
  }
  for (const auto* call : calls) {
    if (provider_of(*call) == record.provider && drawn(call).what.starts_with("answers")) winner = call;
  }
  check(winner != nullptr, who + " got vectors that no upstream of its own made");
}

void RandomWorld::check_answer(const RandomClient& client, const observe::RequestRecord& record,
                               const std::vector<const SeenCall*>& calls) {
  const auto& who = client.nonce;
  const Got& got = *client.got;
  if (got.answers == 0) {
    check(record.error_class == ErrorClass::cancelled, who + " got nothing, and its record doesn't say why");
    return;
  }
  check(got.headers.get("x-llmgw-attempts") == std::to_string(calls.size()),
        who + "'s headers miscount its calls");
  if (got.status >= 400) {
    check(got.headers.has("x-should-retry") == (calls.size() >= 2),
          who + " is told wrongly whether to retry");
    const auto doc = json::Doc::parse(got.body);
    check(doc.has_value() && doc->root()["error"], who + " got an error that is none");
    check(doc && doc->root()["extra_fields"]["attempts"].size() == record.attempts.size(),
          who + "'s error lacks the trail");
    check(record.error_class.has_value(), who + " failed without a class");
    for (const auto& d : drawn_)
      check(got.body.find("\"" + d.text) == std::string::npos, who + "'s error shows an answer");
    return;
  }
  if (client.embeds()) return check_vectors(client, record, calls);
  std::string text;
  if (client.ask.stream) {
    text = got.streamed_text();
  } else {
    const auto doc = json::Doc::parse(got.body);
    check(doc.has_value(), who + " got a broken reply");
    if (doc) {
      const auto choice = doc->root()["choices"].at(0);
      text = choice["message"] ? choice["message"]["content"].text() : choice["text"].text();
    }
  }
  if (moody_ != nullptr && text.starts_with('p')) {
    const bool its_own = std::ranges::any_of(
        moody_->answered, [&](const auto& a) { return of(a.first, client) && a.second == text; });
    return check(its_own, who + " got what the plugin said to another: " + text);
  }
  // Whose is it? Exactly one upstream's, and the trail's winner's.
  const SeenCall* winner = nullptr;
  for (const auto* call : calls) {
    if (!text.empty() && drawn(call).text.substr(0, 4) == text.substr(0, 4)) winner = call;
  }
  check(winner != nullptr || text.empty(), who + " got text that no upstream of its own said: " + text);
  const bool whole = got.ended && !record.cut && record.error_class != ErrorClass::cancelled;
  if (winner != nullptr) {
    const auto& said = drawn(winner).text;
    check(said.starts_with(text), who + " got text of more than one upstream: " + text + " from " + said);
    if (whole) check(said == text, who + " got half an answer as a whole one: " + text + " of " + said);
    check(record.provider == provider_of(*winner) && record.model == model_of(*winner),
          who + "'s record names another winner");
    check(got.headers.get("x-llmgw-provider") == record.provider, who + "'s headers name another winner");
  }
  if (!client.ask.stream) return;
  const bool marked = got.has("[DONE]") || got.has("\"finish_reason\":\"stop\"");
  check(!whole || got.body.ends_with("data: [DONE]\n\n"), who + " got a whole stream without its marker");
  if (record.cut) {
    check(!marked, who + " got a cut stream with a success marker");
    check(!got.ended || got.has("\"error\""), who + " got a cut stream without an error");
  }
  size_t extras = 0;
  for (size_t at = got.body.find("\"extra_fields\""); at != std::string::npos;
       at = got.body.find("\"extra_fields\"", at + 1))
    ++extras;
  check(extras == (got.ended ? 1 : extras) && extras <= 1,
        who + "'s stream has " + std::to_string(extras) + " extra_fields");
}

// A key or target at rest on a provider's word is not called before its time.
void RandomWorld::check_rests() {
  for (const auto& record : world_.records) {
    const TimePoint arrived = start_ + (record.arrived - WallTime{std::chrono::seconds{1'767'225'600}});
    for (const auto& a : record.attempts) {
      if (!a.sent || !a.retry_after || a.status < 400) continue;
      const TimePoint from = arrived + a.started + a.took, until = from + *a.retry_after;
      for (const auto& call : world_.transport.calls()) {
        if (call->at <= from || call->at >= until || provider_of(*call) != a.provider ||
            model_of(*call) != a.model)
          continue;
        const bool same_key = call->authorization == "Bearer sk-" + a.provider + "-" + a.key;
        if (a.error_class == ErrorClass::rate_limit)
          check(!same_key, "key " + a.provider + ":" + a.key + " was called while it rests");
        if (a.error_class == ErrorClass::overloaded)
          check(false, "target " + a.provider + "/" + a.model + " was called while it rests");
      }
    }
  }
}

void RandomWorld::check_concurrency() {
  for (const auto& p : config_->providers) {
    for (const auto& call : world_.transport.calls()) {
      if (provider_of(*call) != p.name) continue;
      int live = 0;
      for (const auto& other : world_.transport.calls()) {
        live += provider_of(*other) == p.name && other->at <= call->at && other->left > call->at ? 1 : 0;
      }
      check(live <= p.max_concurrency, p.name + " had more than max_concurrency calls");
    }
  }
}

}  // namespace llmgw::engine
