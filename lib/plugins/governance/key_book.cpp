#include "plugins/governance/key_book.h"

#include <algorithm>

#include "base/glob.h"
#include "base/secret.h"
#include "config/quantity.h"

namespace llmgw::plugins {
namespace {

std::unexpected<Error> unusable(std::string message, std::string code) {
  return fail(Error{.error_class = ErrorClass::auth,
                    .status = 401,
                    .message = std::move(message),
                    .code = std::move(code)});
}

}  // namespace

KeyBook::KeyBook(const std::shared_ptr<const config::Config>& config) {
  for (const auto& key : config->virtual_keys)
    keys_.emplace(key.sha256, std::shared_ptr<const config::VirtualKey>(config, &key));
}

std::shared_ptr<const config::VirtualKey> KeyBook::find(std::string_view value) const {
  if (keys_.empty()) return nullptr;
  const auto found = keys_.find(sha256_hex(value));
  return found == keys_.end() ? nullptr : found->second;
}

Result<void> check_usable(const config::VirtualKey& key, WallTime now) {
  if (!key.enabled) return unusable("the virtual key '" + key.name + "' is disabled", "virtual_key_disabled");
  if (!key.expires.empty() && now >= config::parse_date(key.expires).value_or(now))
    return unusable("the virtual key '" + key.name + "' expired " + key.expires, "virtual_key_expired");
  return {};
}

std::string why_barred(const config::VirtualKey& key, std::string_view provider, std::string_view model) {
  if (key.providers && std::ranges::find(*key.providers, provider) == key.providers->end())
    return "the virtual key '" + key.name + "' may not use the provider " + std::string(provider);
  if (!key.models || model.empty()) return {};
  const std::string target = std::string(provider) + "/" + std::string(model);
  const bool allowed = std::ranges::any_of(*key.models, [&](const std::string& glob) {
    return glob_match(glob, model) || glob_match(glob, target);
  });
  return allowed ? std::string()
                 : "the virtual key '" + key.name + "' may not use the model " + std::string(model);
}

}  // namespace llmgw::plugins
