// The walk along the chain: which target is called, again or not, and what ends it.
#include <algorithm>

#include "base/text.h"

#include "engine/race.h"
#include "engine/run.h"

namespace llmgw::engine {
namespace {

// What the table "Error classes" of the docs says.
bool retries_same_target(ErrorClass c) {
  return c == ErrorClass::network || c == ErrorClass::overloaded || c == ErrorClass::server_error ||
         c == ErrorClass::invalid_response;
}

bool takes_next_key(ErrorClass c) {
  return c == ErrorClass::rate_limit || c == ErrorClass::quota || c == ErrorClass::auth ||
         c == ErrorClass::model_unavailable || c == ErrorClass::budget;
}

}  // namespace

std::optional<Outcome> Run::walk() {
  while (next_ < chain_.links.size()) {
    const size_t link = next_++;
    if (auto why = why_passed_over(link)) {
      if (auto kept = pass_over(link, std::move(*why), std::nullopt)) return kept;
      continue;
    }
    const size_t before = failures_.size();
    auto answer = settle_race(try_target(link));
    if (answer) return answer;
    if (!all_fall_back(before)) break;
  }
  return std::nullopt;
}

// Notes that the target is not called. Something: an answer of its is there all the same.
std::optional<Outcome> Run::pass_over(size_t link, std::string why, std::optional<Duration> retry_after) {
  record_.attempts.push_back({.provider = target(link).provider(),
                              .model = target(link).model,
                              .started = now() - arrived_,
                              .skipped = std::move(why),
                              .retry_after = retry_after});
  // What it cannot serve or must not, it may not answer either.
  return chain_.links[link].skipped.empty() ? answer_without_call(link) : std::nullopt;
}

std::optional<std::string> Run::why_passed_over(size_t link) {
  const auto& [target, skipped] = chain_.links[link];
  if (!skipped.empty()) return skipped;
  if (calls_left() <= 0) return "max_attempts, " + std::to_string(chain_.policy.max_attempts) + ", are spent";
  if (now() >= deadline_) return "the deadline has passed";
  if (context_needed_) {
    const auto facts = target.upstream->provider->facts(target.model);
    if (facts.context && *facts.context <= *context_needed_) return "its context is not larger";
  }
  const WallTime wall = world_.fibers.wall();
  if (const auto rest = world_.rests.get(routing::target_rest(target.provider(), target.model), wall)) {
    earliest_ = std::min(earliest_.value_or(rest->until), rest->until);
    return "it rests for " + seconds_text(rest->until - wall) + " (" + std::string(name(rest->cause)) + ")";
  }
  // A call to a target that fails most of its calls is no free fallback.
  if (calls_ > 0 && target.state->failing(now()) && !world_.state.retries.withdraw(now())) {
    return "it fails most of its calls, and the retry budget is spent";
  }
  return std::nullopt;
}

// One target: its keys one after the other, then retries. Failed calls go to failures_; without any, the
// target was passed over.
std::optional<Outcome> Run::try_target(size_t link) {
  const routing::Target& t = target(link);
  const auto& keys = t.upstream->keys;
  routing::KeySet tried(keys.size() + 1);
  bool called = false;
  for (int retries = 0;;) {
    // It may have begun to rest since, on what another request was told.
    if (called && world_.rests.get(routing::target_rest(t.provider(), t.model), world_.fibers.wall()))
      return std::nullopt;
    const bool desperate = next_ >= chain_.links.size() && !called;
    const auto pick = pick_key(link, tried, desperate);
    if (!pick.found) {
      if (pick.earliest) earliest_ = std::min(earliest_.value_or(*pick.earliest), *pick.earliest);
      return called ? std::nullopt : pass_over_resting(link, pick.earliest);
    }
    Outcome outcome = attempt(link, pick);
    called = true;
    tried[pick.index] = true;
    if (outcome.answered()) return outcome;
    failures_.push_back(std::move(outcome));

    const Outcome& failed = failures_.back();
    const Error& error = failed.failure()->error;
    if (error.error_class == ErrorClass::context_length) {
      const auto context = t.upstream->provider->facts(t.model).context.value_or(0);
      context_needed_ = std::max(context_needed_.value_or(0), context);
    }
    const bool final = !failed.failure()->may_fall_back || error.error_class == ErrorClass::cancelled ||
                       race_ != nullptr ||  // another target's call lives: nothing starts beside it
                       (request_.once && failed.sent);
    if (final) return std::nullopt;
    if (takes_next_key(error.error_class) && may_call_again() && pick_key(link, tried, false).found) continue;
    if (!may_retry(failed, retries)) return std::nullopt;
    const Duration wait = wait_before_retry(failed, retries);
    if (after(now(), wait) >= deadline_ || !world_.state.retries.withdraw(now())) return std::nullopt;
    ++retries;
    // A fiber whose client has left ends here: the next attempt would find out no sooner.
    if (world_.fibers.sleep_until(after(now(), wait)) == net::Wake::cancelled) {
      failures_.push_back(cancelled_outcome(link, failed.record));
      return std::nullopt;
    }
    std::fill(tried.begin(), tried.end(), false);
  }
}

routing::KeyRing::Pick Run::pick_key(size_t link, const routing::KeySet& tried, bool desperate) const {
  const routing::Target& t = target(link);
  const auto& keys = t.upstream->keys;
  const WallTime wall = world_.fibers.wall();
  std::optional<WallTime> login_until;
  if (pays_itself(t)) {
    const auto rest = world_.rests.get(login_rest_at(t), wall);
    const routing::KeyRing::Pick login{.index = keys.size(), .found = !rest && !tried[keys.size()]};
    // Our keys serve it only when its limit is reached.
    if (!rest) return login;
    login_until = rest->until;
    if (keys.size() == 0) return {.earliest = login_until};
  }
  const std::string* only = request_.pinned_key ? &*request_.pinned_key : nullptr;
  auto pick = keys.pick(t.model, tried, only, desperate, world_.rests, wall, world_.random);
  if (login_until && !pick.found)
    pick.earliest = std::min(pick.earliest.value_or(*login_until), *login_until);
  return pick;
}

std::optional<Outcome> Run::pass_over_resting(size_t link, std::optional<WallTime> earliest) {
  if (!earliest) return pass_over(link, "no key of it is left", std::nullopt);
  const auto left = std::max<Duration>(*earliest - world_.fibers.wall(), 0s);
  return pass_over(link, "every key of it rests for " + seconds_text(left), left);
}

Outcome Run::cancelled_outcome(size_t link, size_t record) const {
  return Outcome{.what = Failure{.error = net::wait_error(net::Wake::cancelled, "waiting to retry")},
                 .link = link,
                 .record = record};
}

// Exponential with full jitter, or what the provider asked for.
Duration Run::wait_before_retry(const Outcome& failed, int retries) {
  const Error& error = failed.failure()->error;
  // A rest ends with the millisecond that its last instant is in.
  const Duration asked_for = error.retry_after ? *error.retry_after + 1ms : 0ns;
  if (error.error_class == ErrorClass::rate_limit) return std::max<Duration>(asked_for, 1s);
  const Duration most = target(failed.link).upstream->provider->config().retries.backoff *
                        (int64_t{1} << std::min(retries, 16));
  const Duration jittered(static_cast<int64_t>(world_.random.unit() * static_cast<double>(most.count())));
  return std::max(jittered, asked_for);
}

// One call is kept for each target that has not been tried.
bool Run::may_call_again() const {
  int untried = 0;
  for (size_t i = next_; i < chain_.links.size(); ++i) untried += chain_.links[i].skipped.empty() ? 1 : 0;
  return calls_left() > untried && now() < deadline_;
}

bool Run::may_retry(const Outcome& outcome, int retries) const {
  const Error& error = outcome.failure()->error;
  if (retries >= target(outcome.link).upstream->provider->config().retries.max || !may_call_again())
    return false;
  if (error.error_class == ErrorClass::timeout)
    return !outcome.sent;  // connecting only: silence is not tried twice
  // What rests on the provider's word is waited for only when nothing else is left.
  if (error.error_class == ErrorClass::rate_limit ||
      (error.error_class == ErrorClass::overloaded && error.retry_after)) {
    const bool last =
        std::ranges::all_of(chain_.links.begin() + static_cast<std::ptrdiff_t>(next_), chain_.links.end(),
                            [](const routing::Link& l) { return !l.skipped.empty(); });
    return last;
  }
  return retries_same_target(error.error_class);
}

// Whether the chain goes on after these: of each target (two, after a race) its last failure counts.
bool Run::all_fall_back(size_t since) const {
  for (size_t i = since; i < failures_.size(); ++i) {
    const bool last = std::none_of(failures_.begin() + static_cast<std::ptrdiff_t>(i) + 1, failures_.end(),
                                   [&](const Outcome& later) { return later.link == failures_[i].link; });
    if (last && !falls_back(failures_[i])) return false;
  }
  return true;
}

bool Run::falls_back(const Outcome& outcome) const {
  const Failure& failure = *outcome.failure();
  if (!failure.may_fall_back || (request_.once && outcome.sent)) return false;
  const ErrorClass c = failure.error.error_class;
  if (c == ErrorClass::cancelled) return false;
  if (c == ErrorClass::bad_request) {
    if (failure.error.code == "unsupported_parameter" || chain_.policy.on.has(c)) return true;
    // The first target called speaks for the request; a later one only for itself.
    return std::ranges::any_of(failures_, [&](const Outcome& f) { return f.link != outcome.link && f.sent; });
  }
  if (c == ErrorClass::policy) return failure.may_fall_back && !failure.upstream;
  return chain_.policy.on.has(c);
}

// Nothing could be called: every target was passed over.
Failure Run::no_target() const {
  Error error;
  if (earliest_) {
    error.error_class = ErrorClass::rate_limit;
    error.code = "keys_at_rest";
    error.retry_after = std::max<Duration>(*earliest_ - world_.fibers.wall(), 1ms);
    error.message =
        "every key or target of the chain rests; the first wakes in " + seconds_text(*error.retry_after);
    return Failure{.error = std::move(error)};
  }
  error.error_class = ErrorClass::model_unavailable;
  error.code = "no_target";
  error.status = 503;
  error.message = "no target of the chain can take this request: ";
  for (size_t i = 0; i < record_.attempts.size(); ++i) {
    const auto& a = record_.attempts[i];
    error.message += (i == 0 ? "" : "; ") + a.provider + "/" + a.model + ": " + a.skipped;
  }
  return Failure{.error = std::move(error)};
}

}  // namespace llmgw::engine
