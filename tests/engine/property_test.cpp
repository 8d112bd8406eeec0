// Thousands of random worlds: configs, faults, requests, clients that leave. Each is one seed; on each the
// invariants below hold. A failing seed prints itself: LLMGW_SEED=N runs it alone and shows what happened,
// LLMGW_CASES=N runs that many.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

// What one call was drawn to be.
struct Drawn {
  std::string text;  // what it says, if it answers; its first four letters are nobody else's
  std::string what;  // for people
};

struct Client {
  Ask ask;
  std::string nonce;
  std::vector<std::string> chain;  // targets, in order
  const Got* got = nullptr;
};

// Counts hooks: whatever was begun must be ended once.
class Ledger final : public plugins::Plugin {
 public:
  std::string_view name() const override { return "ledger"; }
  plugins::Verdict before(plugins::Attempt& attempt) override {
    open.insert(&attempt);
    ++begun;
    return plugins::Pass{};
  }
  void after(plugins::Attempt& attempt, const plugins::Ending&) override {
    strays += open.erase(&attempt) == 1 ? 0 : 1;
  }
  std::set<const plugins::Attempt*> open;
  int begun = 0, strays = 0;
};

class Case {
 public:
  explicit Case(uint64_t seed) : random_(seed), world_(draw_config(), seed) {
    auto ledger = std::make_unique<Ledger>();
    ledger_ = ledger.get();
    world_.plugins.push_back(std::move(ledger));
    for (const auto& provider : config_->providers) {
      world_.when(provider.name, {[this](const SeenCall& call) { return draw_call(call); }});
    }
    const auto clients = 1 + random_.below(5);
    for (uint64_t i = 0; i < clients; ++i) draw_client(i);
  }

  // What is wrong, a line each; nothing: all holds.
  std::vector<std::string> run() {
    for (auto& client : clients_) client.got = &world_.start(client.ask);
    world_.run();
    check(world_.fibers.live() == 0, "fibers are left");
    check(ledger_->open.empty() && ledger_->strays == 0, "a plugin's before and after don't match");
    check(world_.records.size() == clients_.size(), "a request has no record, or two");
    if (!wrong_.empty()) return wrong_;
    for (const auto& client : clients_) check_client(client);
    check_rests();
    check_concurrency();
    return wrong_;
  }

  size_t calls() const { return world_.transport.calls().size(); }
  std::string story() const;
  // All that a run came to, to compare two of one seed.
  std::string fingerprint() const;

 private:
  std::shared_ptr<const config::Config> draw_config();
  void draw_client(uint64_t i);
  SimulatedCall draw_call(const SeenCall&);

  void check(bool holds, std::string what) {
    if (!holds) wrong_.push_back(std::move(what));
  }
  void check_client(const Client&);
  void check_trail(const Client&, const observe::RequestRecord&, const std::vector<const SeenCall*>&);
  void check_answer(const Client&, const observe::RequestRecord&, const std::vector<const SeenCall*>&);
  void check_rests();
  void check_concurrency();

  bool chance(double p) { return random_.unit() < p; }
  Duration between(Duration least, Duration most) {
    return least +
           Duration(static_cast<int64_t>(random_.below(static_cast<uint64_t>((most - least).count() + 1))));
  }
  template <typename T>
  const T& any(const std::vector<T>& of) {
    return of[random_.below(of.size())];
  }

  TimePoint asked(const Client& c) const { return start_ + c.ask.at; }
  TimePoint deadline(const Client& c) const {
    if (c.ask.timeout) return asked(c) + *c.ask.timeout;
    const auto& configured = config_->fallback.policy.deadline.value;
    return asked(c) + configured.value_or(c.ask.stream ? 120s : 600s);
  }
  const observe::RequestRecord& record_of(const Client& c) const;
  std::vector<const SeenCall*> calls_of(const Client& c) const;
  const Drawn& drawn(const SeenCall* call) const;
  static std::string provider_of(const SeenCall& call) { return call.host.substr(0, call.host.find('.')); }
  static std::string model_of(const SeenCall& call) {
    return json::Doc::parse(call.body)->root()["model"].text();
  }

  Random random_;
  std::shared_ptr<const config::Config> config_;
  TestWorld world_;
  const TimePoint start_ = world_.fibers.now();
  Ledger* ledger_ = nullptr;
  std::vector<Client> clients_;
  std::vector<Drawn> drawn_;
  std::vector<std::string> wrong_;
};

std::shared_ptr<const config::Config> Case::draw_config() {
  auto config = std::make_shared<config::Config>();
  const auto providers = 1 + random_.below(4);
  for (uint64_t i = 0; i < providers; ++i) {
    auto& p = config->providers.emplace_back();
    p.name = std::string(1, static_cast<char>('a' + i));
    p.kind = "openai";
    p.base_url = "http://" + p.name + ".test/v1";
    p.timeouts = {between(100ms, 5s), between(500ms, 30s), between(500ms, 20s), between(1s, 60s)};
    p.retries = {static_cast<int>(random_.below(4)), between(1ms, 2s)};
    if (chance(0.1)) p.max_concurrency = 1 + static_cast<int>(random_.below(3));
    const auto keys = 1 + random_.below(3);
    for (uint64_t k = 1; k <= keys; ++k) {
      auto& key = p.keys.emplace_back();
      key.name = "k" + std::to_string(k);
      key.value = Secret("sk-" + p.name + "-" + key.name);
      key.weight = random_.unit();
      if (chance(0.2)) key.group = "g";
      if (chance(0.1)) key.models = std::vector<std::string>{"m"};
    }
  }
  auto& fallback = config->fallback;
  fallback.max_attempts = 1 + static_cast<int>(random_.below(8));
  if (chance(0.6)) fallback.policy.deadline.value = between(200ms, 60s);
  if (chance(0.7)) fallback.policy.slow_after.value = between(50ms, 15s);
  if (chance(0.15)) fallback.policy.commit = config::Commit::complete;
  config_ = config;
  return config;
}

void Case::draw_client(uint64_t i) {
  Client client;
  client.nonce = "req-" + std::to_string(i);
  std::vector<std::string> targets;
  for (const auto& p : config_->providers) {
    for (const std::string_view model : {"m", "o"}) targets.push_back(p.name + "/" + std::string(model));
  }
  const auto length = 1 + random_.below(std::min<size_t>(targets.size(), 4));
  while (client.chain.size() < length) {
    const auto target = any(targets);
    if (std::ranges::find(client.chain, target) == client.chain.end()) client.chain.push_back(target);
  }
  Ask& ask = client.ask;
  ask.model = client.chain.front();
  ask.more = ",\"user\":\"" + client.nonce + "\",\"fallbacks\":[";
  for (size_t t = 1; t < client.chain.size(); ++t)
    ask.more += (t > 1 ? ",\"" : "\"") + client.chain[t] + "\"";
  ask.more += "]";
  ask.stream = chance(0.6);
  ask.at = between(0s, 20s);
  if (chance(0.2)) ask.timeout = between(50ms, 30s);
  if (chance(0.2)) ask.leaves_after = between(0s, 20s);
  if (chance(0.1)) ask.slowness = between(1ms, 3s);
  if (chance(0.1)) ask.commit = config::Commit::complete;
  clients_.push_back(std::move(client));
}

SimulatedCall Case::draw_call(const SeenCall& call) {
  static const std::vector<std::string> kFaults = {"400",
                                                   "401",
                                                   "402",
                                                   "403",
                                                   "404",
                                                   "408",
                                                   "413",
                                                   "422",
                                                   "429",
                                                   "429",
                                                   "429",
                                                   "500",
                                                   "502",
                                                   "503",
                                                   "503",
                                                   "504",
                                                   "529",
                                                   "quota",
                                                   "context_length",
                                                   "content_filter",
                                                   "hang",
                                                   "reset",

                                                   "html",
                                                   "malformed",
                                                   "empty",
                                                   "redirect",
                                                   "first-error"};
  Drawn& d = drawn_.emplace_back();
  const auto number = std::to_string(drawn_.size());
  d.text = "n" + std::string(3 - std::min<size_t>(number.size(), 3), '0') + number;
  const auto fault_head = chance(0.5) ? 0ns : between(0s, 5s);
  if (chance(0.45)) {
    const auto& word = any(kFaults);
    d.what = word;
    std::optional<Duration> retry_after;
    if (chance(0.5)) retry_after = between(1s, 15s);
    return simulate::fails(call, *simulate::parse_fault(word), retry_after, fault_head);
  }
  if (chance(0.05)) {
    d.what = "refused";
    return simulate::refuses_connection();
  }
  if (chance(0.03)) {
    d.what = "never connects";
    return simulate::never_connects();
  }
  for (uint64_t n = random_.below(12); n > 0; --n) d.text += " ab" + std::to_string(random_.below(10));
  Manner manner{.text = d.text,
                .head = between(0s, chance(0.2) ? 20s : 300ms),
                .first = chance(0.3) ? between(0s, 10s) : 0ns};
  manner.per_piece = chance(0.3) ? between(0s, 3s) : 0ns;
  if (chance(0.15)) manner.cut_after = random_.below(8);
  if (chance(0.05)) manner.stall_after = random_.below(8);
  manner.end_marker = chance(0.9);
  if (chance(0.1)) manner.split = 1 + random_.below(20);
  d.what = "answers";
  if (manner.cut_after) d.what += ", cut after " + std::to_string(*manner.cut_after);
  if (manner.stall_after) d.what += ", stalls after " + std::to_string(*manner.stall_after);
  return answers(call, manner);
}

const observe::RequestRecord& Case::record_of(const Client& client) const {
  // Requests are told apart by when they asked: times are drawn to the nanosecond.
  for (const auto& record : world_.records) {
    if (record.arrived.time_since_epoch() - world_.records.front().arrived.time_since_epoch() ==
        client.ask.at - (world_.records.front().arrived - WallTime{std::chrono::seconds{1'767'225'600}})) {
      return record;
    }
  }
  return world_.records.front();
}

std::vector<const SeenCall*> Case::calls_of(const Client& client) const {
  std::vector<const SeenCall*> out;
  for (const auto& call : world_.transport.calls()) {
    if (call->body.find("\"" + client.nonce + "\"") != std::string::npos) out.push_back(call.get());
  }
  return out;
}

const Drawn& Case::drawn(const SeenCall* call) const {
  for (size_t i = 0; i < world_.transport.calls().size(); ++i) {
    if (world_.transport.calls()[i].get() == call) return drawn_[i];
  }
  std::abort();
}

void Case::check_client(const Client& client) {
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
  check_answer(client, record, calls);
}

// The trail equals what the upstreams saw: provider, model, key, in the order of the calls.
void Case::check_trail(const Client& client, const observe::RequestRecord& record,
                       const std::vector<const SeenCall*>& calls) {
  std::vector<const observe::AttemptRecord*> made;
  for (const auto& attempt : record.attempts) {
    if (attempt.called() && attempt.sent) made.push_back(&attempt);
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

void Case::check_answer(const Client& client, const observe::RequestRecord& record,
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
  std::string text;
  if (client.ask.stream) {
    text = got.streamed_text();
  } else {
    const auto doc = json::Doc::parse(got.body);
    check(doc.has_value(), who + " got a broken reply");
    if (doc) text = doc->root()["choices"].at(0)["message"]["content"].text();
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
void Case::check_rests() {
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

void Case::check_concurrency() {
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

std::string Case::story() const {
  std::string out;
  auto ms = [&](TimePoint t) {
    return t == kNever ? std::string("never") : std::to_string(to_ms(t - start_)) + " ms";
  };
  for (const auto& client : clients_) {
    out += client.nonce + (client.ask.stream ? " (stream)" : "") + " at " + ms(asked(client)) +
           ", deadline " + ms(deadline(client));
    if (client.ask.leaves_after) out += ", leaves " + ms(asked(client) + *client.ask.leaves_after);
    out += ": ";
    for (const auto& target : client.chain) out += target + " ";
    out += "\n";
    for (const auto* call : calls_of(client)) {
      out += "  " + ms(call->at) + " to " + ms(call->left) + "  " + provider_of(*call) + "/" +
             model_of(*call) + " " + call->authorization + ": " + drawn(call).what + " '" + drawn(call).text +
             "'\n";
    }
    const auto& record = record_of(client);
    for (const auto& a : record.attempts) {
      out += "  trail: " + a.provider + "/" + a.model + " " + a.key + " " + std::to_string(a.status) + " " +
             (a.error_class ? std::string(name(*a.error_class)) : "ok") + " " + a.message + " " + a.skipped +
             "\n";
    }
    out += "  got " + std::to_string(client.got->status) + " after " +
           std::to_string(to_ms(client.got->took)) + " ms: " + client.got->body + "\n";
  }
  return out;
}

std::string Case::fingerprint() const {
  std::string out = std::to_string(world_.fibers.elapsed().count());
  for (const auto& client : clients_) out += client.got->body + std::to_string(client.got->took.count());
  return out;
}

}  // namespace

TEST_CASE("every invariant holds in every random world") {
  if (const char* one = std::getenv("LLMGW_SEED")) {
    Case alone(std::strtoull(one, nullptr, 10));
    const auto wrong = alone.run();
    std::printf("%s", alone.story().c_str());
    for (const auto& w : wrong) MESSAGE(w);
    CHECK(wrong.empty());
    return;
  }
  const char* given = std::getenv("LLMGW_CASES");
  const uint64_t cases = given != nullptr ? std::strtoull(given, nullptr, 10) : 20'000;
  std::atomic<uint64_t> next{1}, calls{0};
  std::mutex lock;  // guards failures
  std::vector<std::string> failures;
  auto work = [&] {
    for (uint64_t seed = next++; seed <= cases; seed = next++) {
      Case one(seed);
      const auto wrong = one.run();
      calls += one.calls();
      if (wrong.empty()) continue;
      const std::lock_guard guard(lock);
      failures.push_back("LLMGW_SEED=" + std::to_string(seed) + ": " + wrong.front());
    }
  };
  std::vector<std::thread> threads;
  const unsigned count = std::max(1u, std::thread::hardware_concurrency() / 2);
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  std::ranges::sort(failures);
  for (size_t i = 0; i < std::min<size_t>(failures.size(), 20); ++i) MESSAGE(failures[i]);
  CHECK(failures.size() == 0);
  CHECK(calls > cases);  // the worlds are not empty
}

TEST_CASE("a seed runs the same way every time") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    Case first(seed), second(seed);
    first.run();
    second.run();
    CHECK(first.fingerprint() == second.fingerprint());
  }
}
