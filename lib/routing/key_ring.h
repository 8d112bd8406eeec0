#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "config/config.h"
#include "store/rests.h"

namespace llmgw::routing {

// Which keys of a provider were tried for a target, by their place in the ring.
using KeySet = std::vector<bool>;

// Picks which of a provider's keys an attempt uses, and sets aside the ones it refused.
//
// Weighted random among the keys that allow the model, were not tried, and don't rest. What
// rests is kept in the Rests, so that it holds for every request and process at once.
// Immutable; safe from any thread.
class KeyRing {
 public:
  // `keys` outlive the ring. `keyless`: without any, the provider is called all the same.
  KeyRing(const std::string& provider, const std::vector<config::Key>& keys, bool keyless);

  struct Pick {
    const config::Key* key = nullptr;  // none was picked, or the provider needs none
    size_t index = 0;
    bool found = false;
    // When none was found: until when the first that would do rests. None: there is no such key.
    std::optional<WallTime> earliest;
  };

  // `only`: the name of the one key that may be used; nullptr: any. `desperate`: the chain has no target
  // after this one, so that a key which only rests for 401, 402 or 403 is taken when nothing else is left.
  Pick pick(std::string_view model, const KeySet& tried, const std::string* only, bool desperate,
            const store::Rests&, WallTime now, Random&) const;

  // The rest that keeps a picked key from being called after all, begun since on what another request was
  // told; one for 401, 402 or 403 doesn't.
  std::optional<store::RestState> rate_limited(size_t index, std::string_view model, const store::Rests&,
                                               WallTime now) const;

  // What the provider said of a key (docs: "Rests"). `model` is the provider's name for it.
  void report(size_t index, std::string_view model, ErrorClass, int status,
              std::optional<Duration> retry_after, store::Rests&, WallTime now) const;
  // It answered.
  void answered(size_t index, std::string_view model, store::Rests&) const;

  size_t size() const { return entries_.size(); }
  const config::Key& key(size_t index) const { return *entries_[index].key; }
  // Whether that key may be used for the model.
  bool allows(size_t index, std::string_view model) const { return allows(entries_[index], model); }
  // Under which names its rests are kept: `key` alone, or followed by ":" and a model; its group's, if it has
  // one.
  struct RestNames {
    std::string key, group;
  };
  RestNames rest_names(size_t index) const { return {entries_[index].rest, entries_[index].group}; }
  // How many keys allow the model.
  size_t usable(std::string_view model) const;

 private:
  struct Entry {
    const config::Key* key;
    std::string rest;   // the whole key's name in Rests
    std::string group;  // its group's
  };
  bool allows(const Entry&, std::string_view model) const;

  std::vector<Entry> entries_;
  bool keyless_;
};

// A target's name in Rests.
std::string target_rest(std::string_view provider, std::string_view model);

}  // namespace llmgw::routing
