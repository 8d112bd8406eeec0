#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "command.h"
#include "version.h"

namespace llmgw::cmd {

int complain(const std::string& message, int exit_code) {
  std::fprintf(stderr, "llmgw: %s\n", message.c_str());
  return exit_code;
}

void add_version(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("version", "Print the version");
  command->callback([&context] {
    context.run = [] {
      std::printf("llmgw %.*s\n", static_cast<int>(kVersion.size()), kVersion.data());
      return kOk;
    };
  });
}

}  // namespace llmgw::cmd

int main(int argc, char** argv) {
  using namespace llmgw::cmd;
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app("Keeps an application's LLM calls working when providers fail.", "llmgw");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(llmgw::kVersion));
  Context context;
  app.add_option("--log-level", context.log_level, "trace, debug, info, warn, error or off");
  app.fallthrough();
  add_serve(app, context);
  add_mock(app, context);
  add_version(app, context);
  try {
    app.parse(argc, argv);
    return context.run ? context.run() : kUsage;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    return complain(std::string(e.what()) + "; see llmgw --help", kUsage);
  } catch (const std::exception& e) {
    return complain(e.what(), kFailed);
  }
}
