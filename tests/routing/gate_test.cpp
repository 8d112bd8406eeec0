#include "routing/gate.h"

#include <doctest/doctest.h>

#include "net/loop.h"

using namespace llmgw;
using namespace llmgw::routing;

TEST_CASE("who gave up queueing holds no place, and the next one in the queue comes in") {
  net::Loop loop;
  Gate gate(1);
  std::string story;
  loop.spawn([&] {
    REQUIRE(gate.enter(loop, kNever));
    for (int i = 0; i < 3; ++i) {
      loop.spawn([&] {
        const auto entered = gate.enter(loop, after(loop.now(), 5ms));
        REQUIRE_FALSE(entered);
        CHECK(entered.error().error_class == ErrorClass::overloaded);
        story += "gave up ";
      });
    }
    loop.spawn([&] {
      REQUIRE(gate.enter(loop, kNever));
      story += "in";
      gate.leave();
    });
    loop.sleep_until(after(loop.now(), 30ms));
    gate.leave();
    loop.sleep_until(after(loop.now(), 10ms));
    loop.quit();
  });
  loop.run();
  CHECK(story == "gave up gave up gave up in");
  CHECK(gate.inside() == 0);
}

TEST_CASE("a larger bound lets those in who queue") {
  net::Loop loop;
  Gate gate(1);
  int in = 0;
  loop.spawn([&] {
    REQUIRE(gate.enter(loop, kNever));
    for (int i = 0; i < 3; ++i) {
      loop.spawn([&] {
        REQUIRE(gate.enter(loop, kNever));
        ++in;
      });
    }
    loop.yield();
    CHECK(in == 0);
    gate.resize(4);
    loop.sleep_until(after(loop.now(), 10ms));
    CHECK(in == 3);
    loop.quit();
  });
  loop.run();
  CHECK(gate.inside() == 4);
}
