#include <CLI/CLI.hpp>

#include "address.h"
#include "ask/fetch.h"
#include "base/text.h"
#include "command.h"
#include "load_config.h"
#include "terminal.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, via;
  bool ready = false;
  double timeout = 2;
};

int health(const Flags& flags) {
  std::string origin = flags.via;
  if (origin.empty()) {
    const auto config = load_for_reading(flags.config);
    if (config == nullptr) return kUsage;
    origin = local_origin(config->server);
  }
  while (origin.ends_with('/')) origin.pop_back();
  const std::string url = origin + (flags.ready ? "/ready" : "/health");
  ask::Session session;
  const auto timeout = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(flags.timeout));
  // The probe asks for life, not for identity: its own certificate names another host than loopback.
  const auto response = ask::fetch(session, url, timeout, !flags.via.empty());
  if (session.signal() != 0) return 128 + session.signal();
  if (!response) {
    const bool usage = response.error().error_class == ErrorClass::bad_request;
    return complain(url + ": " + response.error().message + (usage ? "" : "; is llmgw serve running?"),
                    usage ? kUsage : kFailed);
  }
  if (response->status != 200) {
    return complain(url + " says " + std::to_string(response->status) + ": " + shortened(response->body, 200),
                    kFailed);
  }
  return print(flags.ready ? "ready\n" : "healthy\n") ? kOk : kFailed;
}

}  // namespace

void add_health(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("health", "Ask a running gateway whether it lives; for exec probes");
  auto flags = std::make_shared<Flags>();
  command->add_option("-c,--config", flags->config, "The config whose [server] listen is asked")
      ->type_name("FILE");
  command->add_flag("--ready", flags->ready, "Whether it takes requests: not while it drains");
  command->add_option("--via", flags->via, "Ask there instead")->type_name("URL");
  command->add_option("--timeout", flags->timeout, "Default 2")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
  command->footer(
      "Exit: 0 yes, 1 no.\n\nExamples:\n  llmgw health\n  llmgw health --ready --via http://127.0.0.1:8484");
  command->callback([&context, flags] { context.run = [flags] { return health(*flags); }; });
}

}  // namespace llmgw::cmd
