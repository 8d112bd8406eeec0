#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command.h"
#include "config/find.h"
#include "load_config.h"
#include "providers/discover.h"
#include "routing/topology.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config;
  bool strict = false, secrets = false, json = false;
};

std::string as_json(const config::Loaded& loaded, const std::string& path, bool good) {
  nlohmann::ordered_json out{{"file", path}, {"ok", good}, {"problems", nlohmann::ordered_json::array()}};
  for (const auto& problem : loaded.problems) {
    out["problems"].push_back({{"line", problem.at.line},
                               {"column", problem.at.column},
                               {"level", problem.warning ? "warning" : "error"},
                               {"message", problem.message}});
  }
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int check(const Flags& flags) {
  const auto environment = config::system_environment();
  const auto file = config::find_file(flags.config, environment);
  auto loaded = config_loader(
      flags.config, {.secrets = flags.secrets ? config::Secrets::required : config::Secrets::optional}, "")();
  if (loaded.config != nullptr) {
    // What a provider's row of the catalog says against it.
    routing::State state;
    if (auto topology = routing::Topology::make(loaded.config, state); !topology) {
      loaded.problems.push_back({.message = topology.error().message});
    }
  }
  bool good = loaded.config != nullptr && !config::any_error(loaded.problems);
  if (flags.strict && !loaded.problems.empty()) good = false;
  const std::string path = file.value_or("the environment");
  if (flags.json) {
    if (!print(as_json(loaded, path, good))) return kFailed;
    return good ? kOk : kUsage;
  }
  for (const auto& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", config::format(problem, path).c_str());
  if (!good) return kUsage;
  const auto& config = *loaded.config;
  return print(path + ": good; " + std::to_string(config.providers.size()) + " providers, " +
               std::to_string(config.routes.size()) + " routes, " + std::to_string(config.aliases.size()) +
               " aliases\n")
             ? kOk
             : kFailed;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("check", "Check a config");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config (default: the one that serve would take)")
      ->type_name("FILE");
  command->add_flag("--strict", flags->strict, "Warnings are errors too");
  command->add_flag("--secrets", flags->secrets, "Every secret must be at hand: as serve wants them");
  command->add_flag("--json", flags->json, "The problems as JSON on standard output");
  command->footer(
      "Problems stand on standard error as file:line:column: message.\n"
      "Exit: 0 good, 2 not.\n\nExamples:\n  llmgw check -c llmgw.toml\n  llmgw check --strict --secrets");
  command->callback([&context, flags] { context.run = [flags] { return check(*flags); }; });
}

}  // namespace llmgw::cmd
