#include "routing/token_scale.h"

#include <doctest/doctest.h>

using namespace llmgw::routing;

TEST_CASE("an estimate stands as it is until four calls have told better") {
  TokenScale scale;
  for (int i = 0; i < 3; ++i) scale.learn(100, 130);
  CHECK(scale.factor() == 1);
  scale.learn(100, 130);
  CHECK(scale.factor() == doctest::Approx(1.3));
}

TEST_CASE("the newest calls weigh most, and nonsense weighs little") {
  TokenScale scale;
  for (int i = 0; i < 20; ++i) scale.learn(1000, 1000);
  for (int i = 0; i < 40; ++i) scale.learn(1000, 1250);
  CHECK(scale.factor() == doctest::Approx(1.25).epsilon(0.01));
  scale.learn(1, 1'000'000);
  CHECK(scale.factor() < 1.7);
  scale.learn(0, 5);
  scale.learn(5, 0);
  CHECK(scale.factor() < 1.7);
}

TEST_CASE("few calls are estimated, but the first ones are") {
  TokenScale scale;
  int first = 0, later = 0;
  for (int i = 0; i < 8; ++i) first += scale.wants_sample() ? 1 : 0;
  for (int i = 0; i < 3200; ++i) later += scale.wants_sample() ? 1 : 0;
  CHECK(first == 8);
  CHECK(later == 100);
}
