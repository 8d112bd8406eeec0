#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "config/config.h"

namespace llmgw::plugins {

// The virtual keys of a config, found by their values. Immutable, so that any thread may read it; a reload
// makes a new one.
class KeyBook {
 public:
  // A key points into `config`, which it keeps alive.
  explicit KeyBook(const std::shared_ptr<const config::Config>& config);

  bool empty() const { return keys_.empty(); }
  // The key of that value, whatever its state; nullptr: there is none. Only the values' hashes are known, and
  // a value is looked up by its hash: what that takes tells nothing of any value.
  std::shared_ptr<const config::VirtualKey> find(std::string_view value) const;

 private:
  std::unordered_map<std::string, std::shared_ptr<const config::VirtualKey>> keys_;  // by sha256_hex
};

// Whether the key may be used now. Errors: auth, 401, naming the key and what ended it.
Result<void> check_usable(const config::VirtualKey&, WallTime now);

// Why the key may not use that model there: its providers, its models. Empty: it may. No model: a call that
// names none.
std::string why_barred(const config::VirtualKey&, std::string_view provider, std::string_view model);

}  // namespace llmgw::plugins
