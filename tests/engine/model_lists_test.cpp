#include "engine/model_lists.h"

#include <doctest/doctest.h>

#include "tests/engine/world.h"

using namespace llmgw;
using namespace llmgw::engine;

namespace {

using Strings = std::vector<std::string>;

constexpr std::string_view kThree = R"(
[providers.o]
kind = "openai"
base_url = "http://o.test/v1"
keys = [{ name = "k1", value = "sk-o-12345" }]
[providers.c]
kind = "anthropic"
base_url = "http://c.test/v1"
keys = [{ name = "k1", value = "sk-c-12345" }]
[providers.g]
kind = "gemini"
base_url = "http://g.test/v1beta"
keys = [{ name = "k1", value = "AIza-12345", models = ["gemini-new"] }]
)";

struct Listing : TestWorld {
  Listing() : TestWorld(kThree) {
    when("o", {raw("application/json", R"({"object":"list","data":[{"id":"new-1"},{"id":"hidden-1"}]})")});
    when("c",
         {raw("application/json", R"({"data":[{"id":"claude-new"}],"has_more":true,"last_id":"claude-new"})"),
          raw("application/json", R"({"data":[{"id":"claude-newer"}],"has_more":false})")});
    when("g", {raw("application/json", R"({"models":[{"name":"models/gemini-new"}],"nextPageToken":"p2"})"),
               raw("application/json", R"({"models":[{"name":"models/gemini-newer"}]})")});
  }

  void ask(Lists lists) {
    const World world{fibers, random, transport, rests, state, plugins, {}, true, {}};
    fibers.spawn([&] { ask_for_models(world, *topology, lists, kLookUp); });
    fibers.run();
  }
  Strings told(const std::string& provider) {
    const auto list = state.live_models.of(routing::live_name(*topology->upstream(provider)->provider));
    return list == nullptr ? Strings{"nothing"} : *list;
  }
};

}  // namespace

TEST_CASE("each vendor's list is read to its last page, with its own credential") {
  Listing world;
  world.ask(Lists::missing);
  CHECK(world.told("o") == Strings{"hidden-1", "new-1"});
  CHECK(world.told("c") == Strings{"claude-new", "claude-newer"});
  CHECK(world.told("g") == Strings{"gemini-new", "gemini-newer"});
  Strings targets;
  for (const auto& call : world.transport.calls()) {
    targets.push_back(call->target);
    if (call->host == "c.test") CHECK(call->headers.get("x-api-key") == "sk-c-12345");
    if (call->host == "g.test") CHECK(call->headers.get("x-goog-api-key") == "AIza-12345");
  }
  std::ranges::sort(targets);
  CHECK(targets == Strings{"/v1/models", "/v1/models?limit=1000", "/v1/models?limit=1000&after_id=claude-new",
                           "/v1beta/models?pageSize=1000", "/v1beta/models?pageSize=1000&pageToken=p2"});
}

TEST_CASE("a list is asked for once, again when it is old, and stands when nobody answers") {
  Listing world;
  world.ask(Lists::missing);
  const size_t calls = world.transport.calls().size();
  world.ask(Lists::missing);
  world.ask(Lists::old);
  world.ask(Lists::recent);
  CHECK(world.transport.calls().size() == calls);

  world.rest(routing::LiveModels::kFresh);
  for (const std::string name : {"o", "c", "g"}) world.when(name, {refused()});
  world.ask(Lists::missing);
  CHECK(world.transport.calls().size() == calls);
  world.ask(Lists::old);
  CHECK(world.transport.calls().size() == calls + 3);
  CHECK(world.told("o") == Strings{"hidden-1", "new-1"});
  world.ask(Lists::old);  // who failed is let be for a while
  CHECK(world.transport.calls().size() == calls + 3);
}

TEST_CASE("a provider that is silent holds nobody up for long, and its neighbours' lists are there") {
  Listing world;
  world.when("c", {fault("hang")});
  world.when("g", {raw("text/html", "<html>")});
  const auto began = world.fibers.now();
  world.ask(Lists::missing);
  CHECK(world.fibers.now() - began <= kLookUp + 1ms);
  CHECK(world.told("o").size() == 2);
  CHECK(world.told("c") == Strings{"nothing"});
  CHECK(world.told("g") == Strings{"nothing"});
}

TEST_CASE("who asked may leave: nothing goes on behind it") {
  Listing world;
  for (const std::string name : {"o", "c", "g"}) world.when(name, {fault("hang")});
  const World outside{
      world.fibers, world.random, world.transport, world.rests, world.state, world.plugins, {}, true, {}};
  bool back = false;
  auto* fiber = world.fibers.spawn([&] {
    ask_for_models(outside, *world.topology, Lists::missing, 60s);
    back = true;
  });
  world.fibers.spawn([&] {
    (void)world.fibers.sleep_until(after(world.fibers.now(), 100ms));
    world.fibers.cancel(fiber, net::CancelCause::client);
  });
  const auto began = world.fibers.now();
  world.fibers.run();
  CHECK(back);
  CHECK(world.fibers.now() - began < 1s);
  CHECK(world.fibers.live() == 0);
}

TEST_CASE("a bare name goes to who told that it has the model, and a list shows what its keys may use") {
  Listing world;
  dialects::Request request;
  request.model = "new-1";
  CHECK_FALSE(world.topology->knows("new-1"));
  CHECK_FALSE(world.topology->chain(request, world.random).has_value());
  world.ask(Lists::recent);
  CHECK(world.topology->knows("new-1"));
  const auto chain = world.topology->chain(request, world.random);
  REQUIRE(chain);
  CHECK(chain->links.at(0).target.name() == "o/new-1");

  const auto models = world.topology->models(*world.topology->upstream("g"));
  CHECK(models == Strings{"gemini-new"});
}
