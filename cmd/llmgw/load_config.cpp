#include "load_config.h"

#include <unistd.h>

#include <cstdio>

#include "config/find.h"
#include "providers/catalog.h"
#include "providers/discover.h"
#include "providers/serving.h"

namespace llmgw::cmd {
namespace {

// What the config's reader must know of the catalog.
config::Known known() {
  config::Known known;
  for (const auto& row : providers::catalog()) {
    config::Kind kind{.name = std::string(row.kind), .needs = {}, .key_env = {}};
    if (row.base_url.empty()) {
      kind.needs = row.kind == "azure" ? "endpoint" : "base_url";
    } else if (row.base_url.find("{region}") != std::string_view::npos) {
      kind.needs = "region";
    }
    if (!row.local && !row.env_names().empty()) kind.key_env = row.env_names().front();
    known.kinds.push_back(std::move(kind));
  }
  known.model = [](std::string_view model) { return !providers::who_serves(model).empty(); };
  return known;
}

std::shared_ptr<const config::Config> from_environment(const config::Environment& environment) {
  auto config = std::make_shared<config::Config>(
      providers::discover([&](std::string_view name) { return environment.variable(std::string(name)); }));
  config->server.data_dir = config::default_data_dir(environment).value_or("/tmp/llmgw-" + std::to_string(getuid()));
  config->providers.push_back({.name = "mock", .kind = "mock"});
  return config;
}

}  // namespace

config::Live::Loader config_loader(const std::string& flag, config::Options options, const std::string& listen) {
  return [=] {
    const auto environment = config::system_environment();
    const auto file = config::find_file(flag, environment);
    config::Loaded loaded = file ? config::load_file(*file, environment, known(), options)
                                 : config::Loaded{from_environment(environment), {}, {}};
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

observe::Log::Options log_options(const config::Config& config, const std::string& level_flag) {
  observe::Log::Options options;
  options.json = config.log.json;
  options.level = observe::level(level_flag.empty() ? config.log.level : level_flag).value_or(observe::Level::info);
  return options;
}

}  // namespace llmgw::cmd
