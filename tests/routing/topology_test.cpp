#include "routing/topology.h"

#include <doctest/doctest.h>

using namespace llmgw;
using namespace llmgw::routing;

TEST_CASE("a route whose targets are at no configured provider is an error for every dialect, not a crash") {
  auto config = std::make_shared<config::Config>();
  config::Route route;
  route.name = "r";
  route.targets.push_back({.model = "nobody/m"});
  config->routes.push_back(route);
  State state;
  const auto topology = Topology::make(config, state);
  REQUIRE(topology);
  for (const auto dialect : {dialects::Dialect::openai_chat, dialects::Dialect::openai_embeddings}) {
    dialects::Request request;
    request.dialect = dialect;
    request.model = "r";
    Random random(1);
    const auto chain = (*topology)->chain(request, random);
    REQUIRE_FALSE(chain);
    CHECK(chain.error().error_class == ErrorClass::model_unavailable);
  }
}

TEST_CASE("a bare name means the vendor's own model where its own dialect is spoken") {
  auto config = std::make_shared<config::Config>();
  config::Provider other{.name = "other", .kind = "openai-compatible", .base_url = "http://other.test/v1"};
  other.models["claude-haiku-4-5"];
  config::Provider vendor{.name = "vendor", .kind = "anthropic"};
  for (auto* provider : {&other, &vendor}) {
    provider->keys.push_back({.name = "k", .value = Secret("sk-1234567")});
    config->providers.push_back(*provider);
  }
  State state;
  const auto topology = Topology::make(config, state);
  REQUIRE_MESSAGE(topology, topology.error().message);
  auto first = [&](dialects::Dialect dialect) {
    dialects::Request request;
    request.dialect = dialect;
    request.model = "claude-haiku-4-5";
    Random random(1);
    return (*topology)->chain(request, random).value().links.front().target.provider();
  };
  CHECK(first(dialects::Dialect::openai_chat) == "other");  // the first in the config
  CHECK(first(dialects::Dialect::anthropic_messages) == "vendor");
}
