#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "command.h"
#include "terminal.h"
#include "version.h"

namespace llmgw::cmd {
namespace {

std::string lower_first(std::string text) {
  if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z')
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

// Its name in full for the one command that was meant: "llmgw ask --help".
std::string help_of(const CLI::App& app) {
  for (const auto* command : app.get_subcommands()) return help_of(*command).insert(0, app.get_name() + " ");
  return app.get_name() + " --help";
}

int run(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    return print("llmgw " + std::string(kVersion) + "\n") ? kOk : kFailed;
  } catch (const CLI::CallForHelp&) {
    return print(app.help()) ? kOk : kFailed;
  } catch (const CLI::CallForAllHelp&) {
    return print(app.help("", CLI::AppFormatMode::All)) ? kOk : kFailed;
  } catch (const CLI::ParseError& e) {
    return complain(lower_first(e.what()) + "; see " + help_of(app), kUsage);
  }
  return context.run ? context.run() : kUsage;
}

}  // namespace

int complain(const std::string& message, int exit_code) {
  std::fprintf(stderr, "llmgw: %s\n", message.c_str());
  return exit_code;
}

void add_version(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("version", "Print the version");
  command->footer("Example:\n  llmgw version");
  command->callback([&context] {
    context.run = [] { return print("llmgw " + std::string(kVersion) + "\n") ? kOk : kFailed; };
  });
}

}  // namespace llmgw::cmd

int main(int argc, char** argv) {
  using namespace llmgw::cmd;
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of that write
  CLI::App app("Keeps an application's LLM calls working when providers fail.", "llmgw");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(llmgw::kVersion), "Print the version");
  Context context;
  context.app = &app;
  context.arguments.assign(argv + 1, argv + argc);
  app.add_option("--log-level", context.log_level, "What is logged on standard error")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  app.fallthrough();
  for (const auto add : {add_serve, add_run, add_env, add_ask, add_mock, add_check, add_explain, add_models,
                         add_logs, add_stats, add_keys, add_health, add_completion, add_version}) {
    add(app, context);
  }
  try {
    return run(app, context, argc, argv);
  } catch (const std::exception& e) {
    return complain(e.what(), kFailed);
  }
}
