#include "providers/credential_source.h"

#include <algorithm>
#include <mutex>
#include <thread>

namespace llmgw::providers {
namespace {

constexpr Duration kAhead = 5min;   // temporary credentials are renewed so long before they end
constexpr Duration kReread = 5min;  // of those without an end: another tool may renew the file
constexpr Duration kBetween = 10s;  // an endpoint may go on to give what is about to end, or fail
constexpr Duration kBetweenRefusals = 1min;

}  // namespace

struct CredentialSource::State {
  CredentialSearch search;
  std::mutex lock;  // guards all below
  std::shared_ptr<const Credential> current, previous;
  std::string error;
  WallTime next_search{};
  WallTime believed_until{};  // the next refusal before this says nothing new
  bool searching = false;

  void settle(Result<Credential> found, WallTime began) {
    const std::lock_guard guard(lock);
    searching = false;
    next_search = began + kBetween;
    if (!found) {
      error = std::move(found.error().message);
      return;
    }
    error.clear();
    const auto expires = found->expires;
    if (current) previous = std::move(current);
    current = std::make_shared<const Credential>(std::move(*found));
    const WallTime renew =
        expires ? *expires - std::min<WallTime::duration>(kAhead, (*expires - began) / 2) : began + kReread;
    next_search = std::max(next_search, renew);
  }
};

CredentialSource::CredentialSource(CredentialSearch search) : state_(std::make_shared<State>()) {
  state_->search = std::move(search);
}

CredentialSource::Look CredentialSource::look(WallTime now) {
  const std::lock_guard guard(state_->lock);
  State& s = *state_;
  if (!s.searching && now >= s.next_search) {
    std::thread([state = state_, now] { state->settle(state->search(now), now); }).detach();
    s.searching = true;  // its end waits for our lock
  }
  if (s.current && (!s.current->expires || now < *s.current->expires)) return {s.current, {}};
  if (s.searching) return {};  // the first search, or one that comes late
  return {nullptr, s.error.empty() ? "the credentials that were found have expired" : s.error};
}

void CredentialSource::refused(WallTime now) {
  const std::lock_guard guard(state_->lock);
  State& s = *state_;
  if (!s.current || now < s.believed_until) return;
  s.believed_until = now + kBetweenRefusals;
  s.previous = std::move(s.current);
  s.current = nullptr;
  s.next_search = now;
}

std::vector<std::shared_ptr<const Credential>> CredentialSource::held() const {
  const std::lock_guard guard(state_->lock);
  std::vector<std::shared_ptr<const Credential>> held;
  for (const auto& one : {state_->current, state_->previous}) {
    if (one) held.push_back(one);
  }
  return held;
}

}  // namespace llmgw::providers
