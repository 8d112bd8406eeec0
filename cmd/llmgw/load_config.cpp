#include "load_config.h"

#include <unistd.h>

#include <cstdio>

#include "command.h"
#include "config/find.h"
#include "providers/discover.h"
#include "service/local_servers.h"

namespace llmgw::cmd {
namespace {

// The environment's keys, and the servers that run on this machine.
std::shared_ptr<config::Config> found_on_this_machine(const config::Environment& environment) {
  constexpr Duration kPatience = 60ms;  // they are on loopback: who listens answers
  auto config = providers::config_from_environment(environment);
  for (auto& provider :
       service::find_local_servers(providers::local_probes(environment, *config), kPatience)) {
    config->providers.push_back(std::move(provider));
  }
  // Without a home, state is kept where it is lost at the next boot, and only this user sees it.
  if (config->server.data_dir.empty()) config->server.data_dir = "/tmp/llmgw-" + std::to_string(getuid());
  return config;
}

}  // namespace

config::Live::Loader config_loader(const std::string& flag, config::Options options,
                                   const std::string& listen) {
  return [=] {
    const auto environment = config::system_environment();
    const auto file = config::find_file(flag, environment);
    config::Loaded loaded = file ? config::load_file(*file, environment, providers::known_kinds(), options)
                                 : config::Loaded{found_on_this_machine(environment), {}, {}};
    if (loaded.config != nullptr && !listen.empty()) {
      auto changed = std::make_shared<config::Config>(*loaded.config);
      changed->server.listen = listen;
      loaded.config = std::move(changed);
    }
    return loaded;
  };
}

bool report_problems(const config::Loaded& loaded) {
  for (const auto& problem : loaded.problems) {
    const std::string path = loaded.files.empty() ? "" : loaded.files.front();
    std::fprintf(stderr, "%s\n", config::format(problem, path).c_str());
  }
  return loaded.config != nullptr;
}

std::shared_ptr<const config::Config> load_for_reading(const std::string& flag) {
  auto loaded = config_loader(flag, {.secrets = config::Secrets::optional, .insecure = true}, "")();
  if (loaded.config != nullptr) return loaded.config;
  report_problems(loaded);
  complain("the config cannot be used; mend what stands above", kUsage);
  return nullptr;
}

observe::Log::Options log_options(const config::Config& config, const std::string& level_flag) {
  observe::Log::Options options;
  options.json = config.log.json;
  options.level =
      observe::level(level_flag.empty() ? config.log.level : level_flag).value_or(observe::Level::info);
  return options;
}

}  // namespace llmgw::cmd
