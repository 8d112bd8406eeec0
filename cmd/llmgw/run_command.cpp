#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "address.h"
#include "child_process.h"
#include "command.h"
#include "config/environment.h"
#include "load_config.h"
#include "service/client_environment.h"
#include "service/server.h"
#include "shell_word.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, via;
  std::vector<std::string> command;
  bool quiet = false, fish = false;
};

// What its requests came to.
struct Tally {
  std::atomic<int64_t> requests{0}, rescued{0}, failed{0};

  void count(const observe::RequestRecord& record) {
    if (record.error_class == ErrorClass::cancelled) return;
    ++requests;
    if (record.error_class) {
      ++failed;
      return;
    }
    const bool stumbled = std::ranges::any_of(record.attempts, [](const auto& a) {
      return a.sent && a.error_class && *a.error_class != ErrorClass::cancelled;
    });
    if (stumbled) ++rescued;
  }

  std::string line() const {
    std::string text = std::to_string(requests) + (requests == 1 ? " request, " : " requests, ") +
                       std::to_string(rescued) + " rescued by a retry or fallback";
    if (failed > 0) text += ", " + std::to_string(failed) + " failed; llmgw logs --failed shows why";
    return text;
  }
};

std::vector<std::pair<std::string, std::string>> environment_of(const std::string& origin) {
  auto variables = service::client_environment(origin);
  for (auto& placeholder : service::placeholder_keys()) {
    const char* own = std::getenv(placeholder.first.c_str());
    if (own == nullptr || *own == '\0') variables.push_back(std::move(placeholder));
  }
  return variables;
}

int run(const Flags& flags, const std::string& log_level) {
  const auto load = [read = config_loader(flags.config, {}, "127.0.0.1:0")] {
    auto loaded = read();
    if (loaded.config != nullptr && loaded.config->server.tls) {
      // On loopback, for one command that trusts no certificate of ours.
      auto plain = std::make_shared<config::Config>(*loaded.config);
      plain->server.tls.reset();
      loaded.config = std::move(plain);
    }
    return loaded;
  };
  auto first = load();
  if (first.config == nullptr) {
    report_problems(first);
    return complain("the config cannot be used; mend what stands above", kUsage);
  }
  ChildProcess::block_signals();
  auto log_settings = log_options(*first.config, log_level);
  // Standard error is the command's.
  if (log_level.empty()) log_settings.level = observe::Level::error;
  observe::Log log(log_settings);
  Tally tally;
  auto server = service::Server::start(first, load, log,
                                       {.proxy = net::proxy_settings(config::system_environment()),
                                        .ended = [&tally](const auto& record) { tally.count(record); }});
  if (!server) return complain(server.error().message, kUsage);
  const auto child = ChildProcess::start(flags.command, environment_of("http://" + (*server)->address()));
  // As shells have it: 127 is not found, 126 is not to be run.
  if (!child) return complain(child.error().message, child.error().status == ENOENT ? 127 : 126);
  const int code = child->wait();
  server->reset();
  if (!flags.quiet && tally.requests > 0) complain(tally.line(), 0);
  return code;
}

int env(const Flags& flags) {
  std::string origin = flags.via;
  if (origin.empty()) {
    const auto config = load_for_reading(flags.config);
    if (config == nullptr) return kUsage;
    origin = local_origin(config->server);
  }
  while (origin.ends_with('/')) origin.pop_back();
  std::string text;
  for (const auto& [name, value] : environment_of(origin)) {
    text += flags.fish ? "set -gx " + name + " " + shell_word(value) + "\n"
                       : "export " + name + "=" + shell_word(value) + "\n";
  }
  return print(text) ? kOk : kFailed;
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("run", "Run a command whose LLM calls go through a gateway of its own");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config (default: as serve)")->type_name("FILE");
  command->add_flag("-q,--quiet", flags->quiet, "No line about what was rescued");
  command->add_option("command", flags->command, "The command and its arguments, behind --")
      ->type_name("CMD")
      ->required();
  command->footer(
      "Sets OPENAI_BASE_URL and its like for the command, and a placeholder for OPENAI_API_KEY where there "
      "is none.\n"
      "Exit: the command's own; 128 + its signal; 127 not found.\n\n"
      "Examples:\n  llmgw run -- python agent.py\n  llmgw run -c llmgw.toml -- sh -c 'curl -s "
      "\"$OPENAI_BASE_URL/models\"'");
  command->callback(
      [&context, flags] { context.run = [&context, flags] { return run(*flags, context.log_level); }; });
}

void add_env(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("env", "Print the exports that point a shell's programs to a running serve");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config whose [server] listen is meant")
      ->type_name("FILE");
  command->add_option("--via", flags->via, "A gateway elsewhere")->type_name("URL");
  command->add_flag("--fish", flags->fish, "In the words of fish");
  command->footer("Examples:\n  eval \"$(llmgw env)\"\n  llmgw env --fish | source");
  command->callback([&context, flags] { context.run = [flags] { return env(*flags); }; });
}

}  // namespace llmgw::cmd
