#include "proxy.h"

#include <cstdlib>

#include "base/text.h"

namespace llmgw::cmd {

net::ProxySettings proxy_settings() {
  auto first_of = [](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names) {
      if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
    }
    return {};
  };
  net::ProxySettings settings;
  settings.url = first_of({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"});
  for (auto name : split(first_of({"NO_PROXY", "no_proxy"}), ',')) settings.excluded.emplace_back(name);
  return settings;
}

}  // namespace llmgw::cmd
