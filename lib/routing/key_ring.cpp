#include "routing/key_ring.h"

#include <algorithm>

#include "base/glob.h"

namespace llmgw::routing {
namespace {

bool by_refusal(const store::RestState& rest) {
  return rest.cause == ErrorClass::auth || rest.cause == ErrorClass::quota;
}

std::string for_model(const std::string& rest, std::string_view model) {
  return rest + ":" + std::string(model);
}

}  // namespace

std::string target_rest(std::string_view provider, std::string_view model) {
  return "target:" + std::string(provider) + "/" + std::string(model);
}

KeyRing::KeyRing(const std::string& provider, const std::vector<config::Key>& keys, bool keyless)
    : keyless_(keyless) {
  for (const auto& key : keys) {
    // By hash: a key that is replaced under the same name doesn't inherit the old one's rest.
    Entry entry{&key, "key:" + sha256_hex(key.identity()).substr(0, 16), {}};
    if (!key.group.empty()) entry.group = "group:" + provider + ":" + key.group;
    entries_.push_back(std::move(entry));
  }
  if (!entries_.empty()) keyless_ = false;
}

bool KeyRing::allows(const Entry& entry, std::string_view model) const {
  if (!entry.key->models) return true;
  return std::ranges::any_of(*entry.key->models,
                             [&](const std::string& glob) { return glob_match(glob, model); });
}

size_t KeyRing::usable(std::string_view model) const {
  if (keyless_) return 1;
  return static_cast<size_t>(
      std::ranges::count_if(entries_, [&](const Entry& e) { return allows(e, model); }));
}

KeyRing::Pick KeyRing::pick(std::string_view model, const KeySet& tried, const std::string* only,
                            bool desperate, const store::Rests& rests, WallTime now, Random& random) const {
  Pick pick;
  if (keyless_) {
    pick.found = tried.empty() || !tried[0];
    return pick;
  }
  double total = 0;
  std::vector<std::pair<size_t, double>> awake;
  size_t refused = entries_.size();  // the one that rests for a refusal and wakes first
  WallTime refused_until = WallTime::max();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if ((i < tried.size() && tried[i]) || !allows(entry, model)) continue;
    if (only != nullptr && !only->empty() && entry.key->name != *only) continue;
    std::optional<WallTime> until;
    bool only_refusals = true;
    auto consider = [&](const std::string& name) {
      if (const auto rest = rests.get(name, now)) {
        until = std::max(until.value_or(rest->until), rest->until);
        only_refusals = only_refusals && by_refusal(*rest);
      }
    };
    consider(for_model(entry.rest, model));
    consider(entry.rest);
    if (!entry.group.empty()) consider(entry.group);
    if (!until) {
      awake.emplace_back(i, entry.key->weight);
      total += entry.key->weight;
      continue;
    }
    pick.earliest = std::min(pick.earliest.value_or(*until), *until);
    if (only_refusals && *until < refused_until) refused = i, refused_until = *until;
  }
  auto take = [&](size_t i) {
    pick.key = entries_[i].key;
    pick.index = i;
    pick.found = true;
  };
  if (!awake.empty()) {
    // All zero means equal.
    double at = random.unit() * (total > 0 ? total : static_cast<double>(awake.size()));
    size_t chosen = awake.back().first;
    for (const auto& [i, weight] : awake) {
      at -= total > 0 ? weight : 1.0;
      if (at < 0) {
        chosen = i;
        break;
      }
    }
    take(chosen);
  } else if (desperate && refused < entries_.size()) {
    take(refused);
  }
  return pick;
}

std::optional<store::RestState> KeyRing::rate_limited(size_t index, std::string_view model,
                                                      const store::Rests& rests, WallTime now) const {
  if (keyless_ || index >= entries_.size()) return std::nullopt;
  auto rest = rests.get(for_model(entries_[index].rest, model), now);
  if (rest && by_refusal(*rest)) rest.reset();
  return rest;
}

void KeyRing::report(size_t index, std::string_view model, ErrorClass error_class, int status,
                     std::optional<Duration> retry_after, store::Rests& rests, WallTime now) const {
  if (keyless_ || index >= entries_.size()) return;
  const Entry& entry = entries_[index];
  switch (error_class) {
    case ErrorClass::rate_limit:
      rests.begin(for_model(entry.rest, model), error_class, retry_after, now);
      break;
    case ErrorClass::auth:
      rests.begin(status == 403 ? for_model(entry.rest, model) : entry.rest, error_class, retry_after, now);
      break;
    case ErrorClass::quota:
      rests.begin(entry.rest, error_class, retry_after, now);
      if (!entry.group.empty()) rests.begin(entry.group, error_class, retry_after, now);
      break;
    default: break;
  }
}

void KeyRing::answered(size_t index, std::string_view model, store::Rests& rests) const {
  if (keyless_ || index >= entries_.size()) return;
  const Entry& entry = entries_[index];
  rests.answered(for_model(entry.rest, model));
  rests.answered(entry.rest);
  if (!entry.group.empty()) rests.answered(entry.group);
}

}  // namespace llmgw::routing
