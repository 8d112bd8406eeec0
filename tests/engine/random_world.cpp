// How a random world is drawn, and what it tells of itself.
#include "tests/engine/random_world.h"

#include <cstdlib>

namespace llmgw::engine {

std::shared_ptr<const config::Config> RandomWorld::draw_config() {
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
  if (chance(0.4)) draw_routes(*config);
  config_ = config;
  return config;
}

void RandomWorld::draw_routes(config::Config& config) {
  const auto target = [&] { return any(config.providers).name + (chance(0.7) ? "/m" : "/o"); };
  for (const char* name : {"r0", "r1"}) {
    auto& route = config.routes.emplace_back();
    route.name = name;
    route.strategy = chance(0.5) ? config::Strategy::priority : config::Strategy::weighted;
    for (uint64_t n = 1 + random_.below(3); n > 0; --n)
      route.targets.push_back({.model = target(), .weight = chance(0.1) ? 0 : random_.unit()});
    if (chance(0.6)) route.fallbacks = {target(), target()};
  }
  if (chance(0.3)) config.routes[0].targets.push_back({.model = "r1"});  // a route inside a route
}

// The targets that a name stands for; of a route that is asked for without its fallbacks, which the client's
// own may replace, of one inside it with them.
std::vector<std::string> RandomWorld::targets_of(const std::string& name, bool with_fallbacks) const {
  const auto route = std::ranges::find(config_->routes, name, &config::Route::name);
  if (route == config_->routes.end()) return {name};
  std::vector<std::string> all;
  for (const auto& target : route->targets)
    std::ranges::copy(targets_of(target.model, true), std::back_inserter(all));
  if (with_fallbacks && route->fallbacks) std::ranges::copy(*route->fallbacks, std::back_inserter(all));
  return all;
}

plugins::Verdict Moody::refuse(const plugins::Attempt& attempt) {
  static constexpr ErrorClass kClasses[] = {ErrorClass::policy, ErrorClass::budget, ErrorClass::rate_limit,
                                            ErrorClass::overloaded};
  ++refusals;
  const bool veto = random_.unit() < 0.3;
  if (veto) vetoes.push_back({attempt.request().body, fibers_.now()});
  return plugins::Refuse{.error = {.error_class = kClasses[random_.below(4)], .message = "not in the mood"},
                         .may_fall_back = !veto};
}

plugins::Verdict Moody::before(plugins::Attempt& attempt) {
  if (random_.unit() >= mood) return plugins::Pass{};
  const double what = random_.unit();
  if (what < 0.1) throw std::runtime_error("in no mood at all");
  if (what > 0.3 || attempt.request().stream || attempt.request().dialect != dialects::Dialect::openai_chat)
    return refuse(attempt);
  const std::string text = "p" + std::to_string(1000 + answered.size());
  answered.emplace_back(attempt.request().body, text);
  plugins::Reply reply{.body = R"({"choices":[{"message":{"content":")" + text + R"("}}]})"};
  reply.facts.object = true;
  return reply;
}

plugins::Verdict Moody::sending(plugins::Attempt& attempt) {
  return random_.unit() < mood / 4 ? refuse(attempt) : plugins::Verdict(plugins::Pass{});
}

void RandomWorld::draw_client(uint64_t i) {
  RandomClient client;
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
  if (!config_->routes.empty() && chance(0.6)) {
    ask.model = any(config_->routes).name;
    const bool its_fallbacks = chance(0.5);
    auto possible = targets_of(ask.model, its_fallbacks);
    if (its_fallbacks) {
      ask.more = ",\"user\":\"" + client.nonce + "\"";
    } else {  // the client's own stand in for them
      possible.insert(possible.end(), client.chain.begin() + 1, client.chain.end());
    }
    client.chain = std::move(possible);
  }
  const double dialect = random_.unit();
  if (dialect < 0.15) ask.dialect = dialects::Dialect::openai_embeddings;
  if (dialect > 0.85) ask.dialect = dialects::Dialect::openai_completions;
  ask.stream = chance(0.6) && !client.embeds();
  ask.at = between(0s, 20s);
  if (chance(0.2)) ask.timeout = between(50ms, 30s);
  if (chance(0.2)) ask.leaves_after = between(0s, 20s);
  if (chance(0.1)) ask.slowness = between(1ms, 3s);
  if (chance(0.1)) ask.commit = config::Commit::complete;
  clients_.push_back(std::move(client));
}

SimulatedCall RandomWorld::draw_call(const SeenCall& call) {
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

const observe::RequestRecord& RandomWorld::record_of(const RandomClient& client) const {
  // Requests are told apart by when they asked: times are drawn to the nanosecond.
  for (const auto& record : world_.records) {
    if (record.arrived.time_since_epoch() - world_.records.front().arrived.time_since_epoch() ==
        client.ask.at - (world_.records.front().arrived - WallTime{std::chrono::seconds{1'767'225'600}})) {
      return record;
    }
  }
  return world_.records.front();
}

std::vector<const SeenCall*> RandomWorld::calls_of(const RandomClient& client) const {
  std::vector<const SeenCall*> out;
  for (const auto& call : world_.transport.calls()) {
    if (call->body.find("\"" + client.nonce + "\"") != std::string::npos) out.push_back(call.get());
  }
  return out;
}

const Drawn& RandomWorld::drawn(const SeenCall* call) const {
  for (size_t i = 0; i < world_.transport.calls().size(); ++i) {
    if (world_.transport.calls()[i].get() == call) return drawn_[i];
  }
  std::abort();
}

std::string RandomWorld::story() const {
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

std::string RandomWorld::fingerprint() const {
  std::string out = std::to_string(world_.fibers.elapsed().count());
  for (const auto& client : clients_) out += client.got->body + std::to_string(client.got->took.count());
  return out;
}

}  // namespace llmgw::engine
