#include "simulate/mock/state.h"

#include <algorithm>

#include "base/glob.h"
#include "base/hash.h"

namespace llmgw::simulate {
namespace {

constexpr size_t kMostStored = 256;
constexpr size_t kMostWindows = 100'000;

template <typename Range>
bool matches(const Range& globs, std::string_view text) {
  return globs.empty() ||
         std::ranges::any_of(globs, [&](const std::string& glob) { return glob_match(glob, text); });
}

bool strikes(const Outage& outage, int64_t index, Duration since, std::string_view model,
             std::string_view key) {
  if (outage.from && since < *outage.from) return false;
  if (outage.to && since >= *outage.to) return false;
  if (outage.requests && (index < outage.requests->first || index >= outage.requests->second)) return false;
  return matches(outage.models, model) && matches(outage.keys, key);
}

}  // namespace

MockState::MockState(std::shared_ptr<const Scenario> scenario, uint64_t seed, TimePoint started)
    : scenario_(scenario != nullptr ? std::move(scenario) : std::make_shared<const Scenario>()),
      seed_(scenario_->seed.value_or(seed)),
      started_(started) {}

const MockedModel* MockState::mocked(std::string_view model) const {
  for (const auto& m : scenario_->models) {
    if (glob_match(m.glob, model)) return &m;
  }
  return nullptr;
}

std::optional<Fate> MockState::fate(int64_t index, std::string_view model, std::string_view key,
                                    TimePoint now) {
  // A stream of its own for each request: what one draws shifts no other.
  Random random(seed_ ^ (static_cast<uint64_t>(index) * 0x9e3779b97f4a7c15));
  const double at = random.unit();

  const MockedModel* mocked_as = mocked(model);
  auto behaviour = parse_behaviour(mocked_as != nullptr ? std::string_view(mocked_as->as) : model);
  if (!behaviour && !scenario_->unknown_models.empty())
    behaviour = parse_behaviour(scenario_->unknown_models);
  if (!behaviour) return std::nullopt;

  const Latency& latency =
      mocked_as != nullptr && mocked_as->latency ? *mocked_as->latency : scenario_->latency;
  behaviour->latency += latency.draw(random);
  const auto rate = mocked_as != nullptr && mocked_as->rate ? mocked_as->rate : scenario_->rate;
  if (rate && (behaviour->per_token == 0ns || (mocked_as != nullptr && mocked_as->rate))) {
    behaviour->per_token = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / *rate));
  }
  Fate fate{.behaviour = *behaviour, .fault = behaviour->fault};
  if (behaviour->flaky && flaky_calls_.fetch_add(1, std::memory_order_relaxed) % 2 == 1) {
    fate.fault = {Fault::Kind::status, 500};
  }
  for (const Outage& outage : scenario_->outages) {
    if (!strikes(outage, index, now - started_, model, key)) continue;
    fate.fault = outage.fault;
    fate.retry_after = outage.retry_after;
    return fate;
  }
  double sum = 0;
  for (const FaultShare& share : scenario_->errors) {
    sum += share.share;
    if (at < sum) {
      fate.fault = share.fault;
      break;
    }
  }
  return fate;
}

MockState::Verdict MockState::admit(std::string_view key, int64_t tokens, TimePoint now) {
  const KeyRule* rule = nullptr;
  for (const auto& r : scenario_->keys) {
    if (r.value == key || (r.value == "*" && rule == nullptr)) rule = &r;
    if (r.value == key) break;
  }
  Verdict verdict;
  if (rule == nullptr) return verdict;
  if (rule->refused) {
    verdict.fault = *rule->refused;
    verdict.fault.reason = Fault::Reason::refused_key;
    return verdict;
  }
  if (!rule->requests && !rule->tokens) return verdict;
  const std::lock_guard guard(lock_);
  if (windows_.size() > kMostWindows) windows_.clear();
  Window& window = windows_.try_emplace(std::string(key), Window{.began = now}).first->second;
  if (now - window.began >= rule->per) window = {.began = now};
  const bool over = (rule->requests && window.requests + 1 > *rule->requests) ||
                    (rule->tokens && window.tokens + tokens > *rule->tokens);
  verdict.reset = window.began + rule->per - now;
  if (over) {
    verdict.fault = {Fault::Kind::status, 429};
    verdict.retry_after = verdict.reset;
  } else {
    ++window.requests;
    window.tokens += tokens;
  }
  if (rule->requests) {
    verdict.requests = rule->requests;
    verdict.requests_left = *rule->requests - window.requests;
  }
  if (rule->tokens) {
    verdict.tokens = rule->tokens;
    verdict.tokens_left = *rule->tokens - window.tokens;
  }
  return verdict;
}

bool MockState::serves(std::string_view model) const {
  return mocked(model) != nullptr || parse_behaviour(model) || !scenario_->unknown_models.empty();
}

std::vector<std::string> MockState::models() const {
  std::vector<std::string> names;
  for (const auto& m : scenario_->models) {
    if (m.glob.find_first_of("*?") == std::string::npos) names.push_back(m.glob);
  }
  for (const auto name : behaviour_names()) names.emplace_back(name);
  return names;
}

std::string MockState::new_id(std::string_view prefix) {
  const std::lock_guard guard(lock_);
  std::string digits = std::to_string(++ids_);
  return std::string(prefix) + "-mock" + std::string(12 - std::min<size_t>(digits.size(), 12), '0') + digits;
}

void MockState::keep(const std::string& id, StoredObject object) {
  const std::lock_guard guard(lock_);
  stored_[id] = std::move(object);
  if (stored_.size() > kMostStored) stored_.erase(stored_.begin());
}

std::optional<StoredObject> MockState::find(const std::string& id) const {
  const std::lock_guard guard(lock_);
  const auto found = stored_.find(id);
  if (found == stored_.end()) return std::nullopt;
  return found->second;
}

bool MockState::remove(const std::string& id) {
  const std::lock_guard guard(lock_);
  return stored_.erase(id) > 0;
}

std::vector<StoredObject> MockState::list(std::string_view prefix) const {
  const std::lock_guard guard(lock_);
  std::vector<StoredObject> found;
  for (const auto& [id, object] : stored_) {
    if (id.starts_with(prefix)) found.push_back(object);
  }
  return found;
}

}  // namespace llmgw::simulate
