#include "engine/race.h"

#include <algorithm>

namespace llmgw::engine {

Race::Watch::Watch(Run& run, size_t link)
    : run_(run),
      link_(link),
      patience_(run.chain_.policy.slow_after.value.value_or(
          run.target(link).state->slow_after(run.request_.stream))) {
  const bool racer = run.world_.fibers.current() != run.fiber_;
  if (!racer && run.next_ < run.chain_.links.size() && !run.request_.once && !run.request_.websocket) {
    run_.world_.fibers.arm(*this, after(run.now(), patience_));
  }
}

Race::Watch::~Watch() {
  run_.world_.fibers.disarm(*this);
}

void Race::Watch::fire() {
  const auto& fibers = run_.world_.fibers;
  if (run_.race_ != nullptr || run_.calls_left() <= 0 || run_.now() >= run_.deadline_) return;
  auto& state = *run_.target(link_).state;
  const bool automatic = !run_.chain_.policy.slow_after.value;
  if (automatic && !state.may_race(fibers.now(), patience_)) return;
  state.raced();
  run_.race_ = std::make_unique<Race>(run_);
  run_.race_->fiber_ = run_.world_.fibers.spawn([&run = run_] { run.run_racer(); });
}

// The racer's fiber: one call, of the next target that can be called.
void Run::run_racer() {
  Race& race = *race_;
  try {
    call_beside();
  } catch (const std::exception& e) {
    // The first call goes on alone; it has the request's fiber and tells the client.
    record_.attempts.back().message = "an internal error: " + std::string(e.what());
  }
  race.done_ = true;
  if (race.answer_) {
    race.won_ = true;
    world_.fibers.cancel(fiber_, net::CancelCause::raced);
  }
  race.event_.notify_all();
}

void Run::call_beside() {
  bool called = false;
  while (!called && next_ < chain_.links.size() && !world_.fibers.cancelled()) {
    const size_t link = next_++;
    if (auto why = why_passed_over(link)) {
      race_->answer_ = pass_over(link, std::move(*why), std::nullopt);
      called = race_->answer_.has_value();
      continue;
    }
    const auto pick = pick_key(link, {}, false);
    if (!pick.found) {
      race_->answer_ = pass_over_resting(link, pick.earliest);
      called = race_->answer_.has_value();
      continue;
    }
    called = true;
    Outcome outcome = attempt(link, pick);
    if (outcome.answered()) {
      race_->answer_ = std::move(outcome);
    } else {
      failures_.push_back(std::move(outcome));
    }
  }
}

// Both calls have ended when this returns. The first that answered is kept, the other's answer is closed.
std::optional<Outcome> Run::settle_race(std::optional<Outcome> own) {
  if (race_ == nullptr) return own;
  Race& race = *race_;
  auto& fibers = world_.fibers;
  // Its own call failed: the racer's may still answer.
  while (!own && !race.done_) {
    if (race.event_.wait(deadline_) != net::Wake::ready && !race.done_) break;
  }
  if (!race.done_) {
    fibers.cancel(race.fiber_, net::CancelCause::raced);
    const net::Scheduler::Shield shield(fibers);
    while (!race.done_) race.event_.wait(kNever);
  }
  fibers.uncancel(fiber_, net::CancelCause::raced);
  if (race.won_) std::swap(own, race.answer_);
  auto kept = std::move(own);
  auto* lost = &race.answer_;
  if (*lost) {  // it answered too, an instant later
    auto& record = record_of(**lost);
    record.error_class = ErrorClass::cancelled;
    record.message = "another target answered first";
    if ((*lost)->attempt) {
      const Failure failure{.error = {.error_class = ErrorClass::cancelled, .message = record.message}};
      (void)run_after(**lost, {.failure = &failure});
    }
  }
  race_.reset();
  return kept;
}

}  // namespace llmgw::engine
