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

}  // namespace llmgw::config
