#include "base/text.h"
#include "net/dial.h"

namespace llmgw::net {

ProxySettings proxy_settings(const config::Environment& environment) {
  auto first_of = [&](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names) {
      if (auto value = environment.variable(name); value && !value->empty()) return *value;
    }
    return {};
  };
  ProxySettings settings;
  settings.url = first_of({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"});
  for (auto name : split(first_of({"NO_PROXY", "no_proxy"}), ',')) settings.excluded.emplace_back(name);
  return settings;
}

}  // namespace llmgw::net
