#include "engine/engine.h"

#include "base/id.h"
#include "engine/forward.h"
#include "engine/model_lists.h"
#include "engine/race.h"
#include "engine/run.h"

namespace llmgw::engine {
namespace {

// Attempts that were held back don't count as calls, but the trail must end: keys that a budget refuses,
// one after the other, are the most there can be in earnest.
constexpr size_t kMostHeldBack = 64;
constexpr Duration kStreamDeadline = 120s, kWholeDeadline = 600s;  // docs: [fallback] deadline = "auto"

Duration deadline_of(const dialects::Request& request, const routing::ChainPolicy& policy) {
  if (request.timeout) return *request.timeout;
  if (policy.deadline.value) return *policy.deadline.value;
  if (request.client_timeout)
    return *request.client_timeout - std::min<Duration>(1s, *request.client_timeout / 2);
  return request.stream ? kStreamDeadline : kWholeDeadline;
}

}  // namespace

void Engine::run(dialects::Request& request, std::shared_ptr<const routing::Topology> topology,
                 net::ResponseWriter& writer) const {
  Run(world_, request, std::move(topology), writer).go();
}

Run::Run(const World& world, dialects::Request& request, std::shared_ptr<const routing::Topology> topology,
         net::ResponseWriter& writer)
    : world_(world),
      request_(request),
      topology_(std::move(topology)),
      writer_(writer),
      codec_(*dialects::codec(request.dialect)),
      arrived_(world.fibers.now()),
      patience_{.fibers = world.fibers, .deadline = kNever},
      fiber_(world.fibers.current()) {
  record_.id = request_id(world_.fibers.wall(), world_.random);
  record_.client_id = request_.client_id;
  record_.arrived = world_.fibers.wall();
  record_.request_type = dialects::name(request_.dialect);
  record_.model_requested = request_.model;
  record_.virtual_key = request_.virtual_key;
  record_.stream = request_.stream;
  record_.tags = request_.tags;
  if (const auto which = topology_->config().log.bodies; which != config::Bodies::off)
    bodies_ = std::make_unique<KeptBodies>(which);
}

Run::~Run() {
  for (size_t i = entered_; i > 0; --i) world_.plugins[i - 1]->leave(request_);
}

void Run::go() {
  std::string fault;
  try {
    return live();
  } catch (const std::exception& e) {
    fault = e.what();  // it is dealt with below: nothing may wait inside a catch block
  }
  give_up(fault);
}

// An exception came through, which is our fault: one request may not take the process with it.
void Run::give_up(const std::string& why) {
  (void)settle_race(std::nullopt);  // a racer's fiber works on this object
  if (finished_) return;
  const Error error{.error_class = ErrorClass::server_error, .message = "an internal error: " + why};
  if (writer_.begun()) {
    writer_.abort();
    return finish(nullptr, 500, error.error_class);
  }
  deliver_failure(Failure{.error = error}, nullptr);
}

bool Run::enter() {
  for (; entered_ < world_.plugins.size(); ++entered_) {
    auto verdict = world_.plugins[entered_]->enter(request_);
    auto* refused = std::get_if<plugins::Refuse>(&verdict);
    if (refused == nullptr) continue;
    deliver_failure(Failure{.error = std::move(refused->error)}, nullptr);
    return false;
  }
  return true;
}

void Run::live() {
  if (!enter()) return;
  if (world_.lists_models && !topology_->knows(request_.model))
    ask_for_models(world_, *topology_, Lists::recent, kLookUp);
  auto chain = topology_->chain(request_, world_.random);
  if (!chain) {
    return deliver_failure(Failure{.error = std::move(chain.error())}, nullptr);
  }
  chain_ = std::move(*chain);
  record_.route = chain_.route;
  deadline_ = after(arrived_, deadline_of(request_, chain_.policy));
  patience_.deadline = deadline_;
  // Attempts keep references into the trail: one record a call, one a target passed over.
  size_t calls = 0;
  for (const auto& link : chain_.links) {
    const auto& upstream = *link.target.upstream;
    const auto retries = static_cast<size_t>(std::max(upstream.provider->config().retries.max, 0));
    calls += (upstream.keys.usable(link.target.model) + 1) * (retries + 1);
  }
  most_tries_ =
      static_cast<int>(std::min(calls, static_cast<size_t>(chain_.policy.max_attempts) + kMostHeldBack));
  record_.attempts.reserve(chain_.links.size() + static_cast<size_t>(most_tries_) + 1);
  forwarded_ = forwarded_request_headers(request_.headers);
  world_.state.retries.deposit();
  if (auto answer = walk()) {
    if (std::holds_alternative<Stream>(answer->what)) return deliver_stream(*answer);
    if (std::holds_alternative<Tunnel>(answer->what)) return deliver_tunnel(*answer);
    deliver_whole(*answer);
  } else if (failures_.empty()) {
    deliver_failure(no_target(), nullptr);
  } else {
    const Outcome& primary = primary_failure();
    deliver_failure(*primary.failure(), &primary);
  }
}

}  // namespace llmgw::engine
