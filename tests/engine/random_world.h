#pragma once

#include <set>

#include "tests/engine/world.h"

namespace llmgw::engine {

// What one call was drawn to be.
struct Drawn {
  std::string text;  // what it says, if it answers; its first four letters are nobody else's
  std::string what;  // for people
};

struct RandomClient {
  Ask ask;
  std::string nonce;
  std::vector<std::string> chain;  // targets; in order unless a route is asked for
  bool embeds() const { return ask.dialect == dialects::Dialect::openai_embeddings; }
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
  plugins::Verdict after(plugins::Attempt& attempt, const plugins::Ending&) override {
    strays += open.erase(&attempt) == 1 ? 0 : 1;
    return plugins::Pass{};
  }
  std::set<const plugins::Attempt*> open;
  int begun = 0, strays = 0;
};

// A plugin that passes, refuses, vetoes, answers or throws, as it is drawn; it writes down what it did.
class Moody final : public plugins::Plugin {
 public:
  struct Veto {
    std::string body;  // of the request
    TimePoint at;
  };
  Moody(const net::Scheduler& fibers, uint64_t seed) : fibers_(fibers), random_(seed) {}

  std::string_view name() const override { return "moody"; }
  plugins::Verdict before(plugins::Attempt& attempt) override;
  plugins::Verdict sending(plugins::Attempt& attempt) override;

  double mood = 0;  // the share of attempts that it meddles with
  std::vector<Veto> vetoes;
  std::vector<std::pair<std::string, std::string>> answered;  // request bodies, and what it said
  int refusals = 0;

 private:
  plugins::Verdict refuse(const plugins::Attempt&);
  const net::Scheduler& fibers_;
  Random random_;
};

// One random world: a config, clients, and upstreams whose every call is drawn. The seed says it all.
class RandomWorld {
 public:
  explicit RandomWorld(uint64_t seed) : random_(seed), world_(draw_config(), seed) {
    auto ledger = std::make_unique<Ledger>();
    ledger_ = ledger.get();
    world_.plugins.push_back(std::move(ledger));
    if (chance(0.5)) {
      auto moody = std::make_unique<Moody>(world_.fibers, seed);
      moody->mood = random_.unit() * 0.4;
      moody_ = moody.get();
      world_.plugins.push_back(std::move(moody));
    }
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
  // What the plugin refused or answered.
  size_t meddled() const {
    return moody_ == nullptr ? 0 : static_cast<size_t>(moody_->refusals) + moody_->answered.size();
  }
  std::string story() const;
  // All that a run came to, to compare two of one seed.
  std::string fingerprint() const;

 private:
  std::shared_ptr<const config::Config> draw_config();
  void draw_client(uint64_t i);
  void draw_routes(config::Config&);
  std::vector<std::string> targets_of(const std::string& name, bool with_fallbacks) const;
  SimulatedCall draw_call(const SeenCall&);

  void check(bool holds, std::string what) {
    if (!holds) wrong_.push_back(std::move(what));
  }
  void check_client(const RandomClient&);
  void check_trail(const RandomClient&, const observe::RequestRecord&, const std::vector<const SeenCall*>&);
  void check_answer(const RandomClient&, const observe::RequestRecord&, const std::vector<const SeenCall*>&);
  void check_rests();
  void check_plugin(const RandomClient&, const observe::RequestRecord&, const std::vector<const SeenCall*>&);
  void check_vectors(const RandomClient&, const observe::RequestRecord&, const std::vector<const SeenCall*>&);
  bool of(const std::string& body, const RandomClient& client) const {
    return body.find("\"" + client.nonce + "\"") != std::string::npos;
  }
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

  TimePoint asked(const RandomClient& c) const { return start_ + c.ask.at; }
  TimePoint deadline(const RandomClient& c) const {
    if (c.ask.timeout) return asked(c) + *c.ask.timeout;
    const auto& configured = config_->fallback.policy.deadline.value;
    return asked(c) + configured.value_or(c.ask.stream ? 120s : 600s);
  }
  const observe::RequestRecord& record_of(const RandomClient& c) const;
  std::vector<const SeenCall*> calls_of(const RandomClient& c) const;
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
  Moody* moody_ = nullptr;  // none: nobody meddles
  std::vector<RandomClient> clients_;
  std::vector<Drawn> drawn_;
  std::vector<std::string> wrong_;
};

}  // namespace llmgw::engine
