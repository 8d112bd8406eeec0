#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include <CLI/CLI.hpp>

#include "command.h"
#include "config/check.h"
#include "config/environment.h"
#include "load_config.h"
#include "service/server.h"
#include "version.h"

namespace llmgw::cmd {
namespace {

struct Flags {
  std::string config, listen;
  bool insecure = false, quiet = false;
  int loops = 0;
};

// What a person wants to know at the start: where it listens, who answers, where things are kept.
std::string banner(const service::Server& server) {
  const auto config = server.config();
  std::string text = "llmgw " + std::string(kVersion) + " listens on http://" + server.address() + "\n";
  text += "  config     " + (config->path.empty() ? "none: built from the environment" : config->path) + "\n";
  text += "  data       " + config->server.data_dir + " (request log, rests)\n";
  for (const auto& upstream : server.topology().upstreams()) {
    const auto& provider = *upstream->provider;
    std::string keys;
    for (const auto& key : provider.config().keys) {
      if (!key.unset) keys += (keys.empty() ? "key " : ", ") + key.name;
    }
    if (keys.empty()) keys = provider.keyless() ? "no key needed" : "NO KEY";
    text += "  provider   " + provider.name() + " (" + keys + ")";
    if (!provider.config().tls.verify) text += "  WARNING: its certificate is not verified";
    text += "\n";
  }
  if (server.topology().upstreams().empty())
    text += "  provider   none: set OPENAI_API_KEY or another, or write an llmgw.toml\n";
  text += "  try        curl http://" + server.address() +
          "/v1/chat/completions -H 'Content-Type: application/json' \\\n" +
          "               -d "
          "'{\"model\":\"mock/fail-503\",\"fallbacks\":[\"mock/"
          "echo\"],\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'\n";
  return text;
}

int serve(const Flags& flags, const std::string& log_level) {
  const auto load = config_loader(flags.config, {.insecure = flags.insecure}, flags.listen);
  auto first = load();
  if (!report_problems(first)) return complain("the config cannot be used; mend what stands above", kUsage);

  // Signals come to this thread alone: it waits for them below.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  observe::Log log(log_options(*first.config, log_level));
  auto server = service::Server::start(
      first, load, log, {.loops = flags.loops, .proxy = net::proxy_settings(config::system_environment())});
  if (!server) return complain(server.error().message, kUsage);
  if (!flags.quiet) std::fputs(banner(**server).c_str(), stderr);

  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal == SIGHUP) {
      (*server)->reload_soon();
      continue;
    }
    log.info("shutting down; a second signal ends at once");
    break;
  }
  (*server)->shut_down([&] {
    const timespec none{};
    const int signal = sigtimedwait(&signals, nullptr, &none);
    return signal == SIGINT || signal == SIGTERM;
  });
  return kOk;
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("serve", "Run the gateway");
  auto flags = std::make_shared<Flags>();
  command
      ->add_option("-c,--config", flags->config,
                   "The config (default: ./llmgw.toml, else the environment's keys)")
      ->type_name("FILE");
  command->add_option("--listen", flags->listen, "Where to listen, instead of the config's [server] listen")
      ->type_name("ADDRESS:PORT");
  command->add_option("--loops", flags->loops, "Event loops, a thread each (default: one per core)")
      ->type_name("N");
  command->add_flag("--insecure", flags->insecure, "Listen off loopback without TLS and virtual keys");
  command->add_flag("-q,--quiet", flags->quiet, "No banner");
  command->footer("Examples:\n  llmgw serve\n  llmgw serve -c llmgw.toml --listen 127.0.0.1:9000");
  command->callback(
      [&context, flags] { context.run = [&context, flags] { return serve(*flags, context.log_level); }; });
}

}  // namespace llmgw::cmd
