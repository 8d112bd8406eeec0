#include "mock_command.h"

#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include "command.h"
#include "net/http_server.h"
#include "net/loop.h"
#include "simulate/mock/mock.h"

namespace llmgw::cmd {
namespace {

// One thread's loop with its server and its provider.
class MockLoop {
 public:
  MockLoop(simulate::MockState& state, Random random, const net::ServerOptions& options,
           net::ServerState& shared)
      : provider_(loop_, state, random), server_(loop_, provider_, options, shared) {}

  void listen(int fd) { server_.listen(fd); }

  void run() {
    loop_.run();
    // What is under way is cancelled, and ends.
    server_.close_listeners();
    server_.cancel_all();
    while (loop_.live() > 0) {
      loop_.post([this] { loop_.quit(); });
      loop_.run();
    }
  }
  void quit() { loop_.quit(); }

 private:
  net::Loop loop_;
  simulate::MockProvider provider_;
  net::HttpServer server_;
};

void banner(const std::vector<std::string>& addresses) {
  for (const auto& address : addresses) {
    std::fprintf(
        stderr,
        "mock provider on http://%s: OpenAI and Anthropic at /v1, Gemini at /v1beta, Bedrock at /model\n",
        address.c_str());
  }
  std::fprintf(
      stderr,
      "models: echo, lorem, slow, hang, cut, first-error, html, fail-429 and others: GET /v1/models\n");
}

}  // namespace

int mock_command(const MockOptions& options) {
  std::shared_ptr<const simulate::Scenario> scenario;
  if (!options.scenario.empty()) {
    auto loaded = simulate::load_scenario(options.scenario);
    if (!loaded) {
      // Each line is one problem, with its place.
      std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
      return complain("the scenario cannot be used; mend what stands above", kUsage);
    }
    scenario = std::move(*loaded);
  }
  const uint64_t seed = options.seed.value_or(0);
  simulate::MockState state(scenario, seed, SystemClock().now());
  const net::ServerOptions server_options{.max_connections = 65'536};
  net::ServerState shared;
  // Ids differ from run to run, faults don't.
  Random random(entropy());

  // Blocked before the threads begin, so that they inherit it and sigwait() below takes all.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  std::vector<std::string> addresses = options.listen;
  std::vector<std::unique_ptr<MockLoop>> loops;
  for (int i = 0; i < std::max(options.loops, 1); ++i) {
    loops.push_back(
        std::make_unique<MockLoop>(state, random.stream(std::to_string(i)), server_options, shared));
    for (auto& address : addresses) {
      const auto fd = net::open_listener(address);
      if (!fd) {
        for (auto& loop : loops) {
          loop->quit();
          loop->run();
        }
        return complain(fd.error().message, kUsage);
      }
      // A port of 0 is chosen once, for all loops.
      if (address.ends_with(":0"))
        address.replace(address.size() - 1, 1, std::to_string(net::local_port(*fd)));
      loops.back()->listen(*fd);
    }
  }
  if (!options.quiet) banner(addresses);

  std::vector<std::thread> threads;
  for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  int received = 0;
  sigwait(&signals, &received);
  for (auto& loop : loops) loop->quit();
  for (auto& thread : threads) thread.join();
  return 0;
}

void add_mock(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("mock", "Play a provider: four APIs, with latency and faults to order");
  auto options = std::make_shared<MockOptions>();
  command->add_option("--listen", options->listen, "Where to listen; may repeat (default: 127.0.0.1:8485)");
  command->add_option("scenario", options->scenario,
                      "A TOML file of models, latencies, error rates and outages");
  command->add_option("--loops", options->loops, "Event loops, a thread each (default: 1)")
      ->check(CLI::Range(1, 256));
  command->add_option("--seed", options->seed, "Of the faults, where the scenario sets none (default: 0)");
  command->add_flag("-q,--quiet", options->quiet, "No banner");
  command->footer(
      "Examples:\n  llmgw mock\n  llmgw mock --listen 127.0.0.1:9001 --listen 127.0.0.1:9002 outage.toml\n"
      "  curl http://127.0.0.1:8485/v1/chat/completions -d "
      "'{\"model\":\"fail-429\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'");
  command->callback([&context, options] { context.run = [options] { return mock_command(*options); }; });
}

}  // namespace llmgw::cmd
