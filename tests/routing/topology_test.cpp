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
