#include "plugins/log/attempt_log.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/store/temporary_directory.h"

using namespace llmgw;
using namespace llmgw::plugins;

TEST_CASE("a target that fails is told once in ten seconds, and that it answers again") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("log");
  FILE* file = std::fopen(path.c_str(), "w");
  ManualClock clock;
  {
    observe::Log log({.fd = fileno(file)});
    AttemptLog plugin(log, clock);

    config::Provider provider{.name = "p", .kind = "openai-compatible", .base_url = "http://127.0.0.1:1/v1"};
    auto config = std::make_shared<config::Config>();
    config->providers.push_back(provider);
    routing::State state;
    const auto topology = routing::Topology::make(config, state).value();
    const routing::Target target{topology->upstreams().front().get(), "m", nullptr};
    const dialects::Request request;
    observe::AttemptRecord record{.provider = "p", .model = "m", .status = 503};
    Attempt attempt{request, target, record, 0};
    const Failure failure{.error = {.error_class = ErrorClass::overloaded, .message = "busy"}};

    plugin.after(attempt, {});
    for (int i = 0; i < 5; ++i) plugin.after(attempt, {.failure = &failure});
    clock.advance(10s);
    plugin.after(attempt, {.failure = &failure});
    plugin.after(attempt, {});
    plugin.after(attempt, {});
  }
  std::fclose(file);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line.substr(line.find(' ') + 1));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find("an attempt failed target=p/m") != std::string::npos);
  CHECK(lines[0].find("class=overloaded status=503 message=busy untold=0") != std::string::npos);
  CHECK(lines[1].find("untold=4") != std::string::npos);
  CHECK(lines[2].find("answers again target=p/m") != std::string::npos);
}
