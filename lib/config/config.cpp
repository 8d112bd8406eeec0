#include "config/config.h"

namespace llmgw::config {
namespace {

template <typename Items>
auto named(const Items& items, std::string_view name) -> decltype(items.data()) {
  for (const auto& item : items) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

}  // namespace

const Provider* Config::provider(std::string_view name) const {
  return named(providers, name);
}
const Route* Config::route(std::string_view name) const {
  return named(routes, name);
}

bool Key::usable() const {
  return !value.empty() || !access_key.empty() || !client_secret.empty() || !profile.empty() ||
         (!role_arn.empty() && !unset);
}

std::string Key::identity() const {
  std::string out(value.empty() ? access_key.reveal() : value.reveal());
  // What stands alone keeps the name under which it may rest already.
  for (const std::string* part : {&profile, &role_arn, &tenant_id, &client_id}) {
    if (!part->empty()) out += "\n" + *part;
  }
  return out;
}

}  // namespace llmgw::config
