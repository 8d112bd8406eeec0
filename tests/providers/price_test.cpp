#include "providers/price.h"

#include <doctest/doctest.h>

#include <limits>

using namespace llmgw;
using namespace llmgw::providers;

namespace {

Price price() {
  Price p;
  p.rates.input = PicoUsd{2'500'000};
  p.rates.output = PicoUsd{10'000'000};
  p.rates.cached_input = PicoUsd{1'250'000};
  return p;
}

observe::Usage usage(int64_t input, int64_t output, int64_t cached = -1, int64_t written = -1,
                     int64_t reasoning = -1) {
  return {input, output, cached, written, reasoning, -1};
}

}  // namespace

TEST_CASE("a call costs its tokens, cached ones apart") {
  CHECK(cost(price(), usage(1000, 500)) == NanoUsd{7'500'000});
  CHECK(cost(price(), usage(1000, 500, 800)) == NanoUsd{6'500'000});
  CHECK(cost(price(), usage(0, 0)) == NanoUsd{0});
  Price p = price();
  p.rates.cache_write = PicoUsd{3'000'000};
  p.rates.reasoning = PicoUsd{20'000'000};
  // 100 plain + 200 cached + 700 written; 400 spoken + 100 thought
  CHECK(cost(p, usage(1000, 500, 200, 700, 100)) ==
        NanoUsd{(100 * 2500) + (200 * 1250) + (700 * 3000) + 4'000'000 + 2'000'000});
}

TEST_CASE("a fraction of a nano-dollar is rounded up, once") {
  Price p;
  p.rates.input = PicoUsd{1};
  p.rates.output = PicoUsd{1};
  CHECK(cost(p, usage(1, 0)) == NanoUsd{1});
  CHECK(cost(p, usage(999, 1)) == NanoUsd{1});
  CHECK(cost(p, usage(1000, 1)) == NanoUsd{2});
}

TEST_CASE("an unknown price or count is unknown, not zero") {
  CHECK_FALSE(cost({}, usage(10, 10)));
  CHECK_FALSE(cost(price(), usage(-1, 10)));
  CHECK_FALSE(cost(price(), usage(10, -1)));
  Price input_only;
  input_only.rates.input = PicoUsd{1000};
  CHECK_FALSE(cost(input_only, usage(10, 10)));
  CHECK(cost(input_only, usage(10, 0)) == NanoUsd{10});
  CHECK(cost(input_only, usage(10, -1)) == NanoUsd{10});  // an embedding
  CHECK(cost(free_of_charge(), usage(10, 10)) == NanoUsd{0});
}

TEST_CASE("a rerank that is billed by searches costs them, and no tokens") {
  Price p = price();
  p.search = PicoUsd{2'000'000'000};
  CHECK(cost(p, {.searches = 3}) == NanoUsd{6'000'000});
  CHECK(cost(p, {.input = 1000, .output = 500, .searches = 1}) == NanoUsd{2'000'000});
  CHECK(cost(p, usage(1000, 500)) == NanoUsd{7'500'000});  // one that counts none has its tokens
  CHECK_FALSE(cost(price(), {.searches = 3}));
  CHECK(cost(free_of_charge(), {.searches = 3}) == NanoUsd{0});
  CHECK(cost(from_config({.search = PicoUsd{7}}), {.searches = 1000}) == NanoUsd{7});
}

TEST_CASE("a long prompt is charged at its own rates") {
  Price p = price();
  p.long_from = 200'000;
  p.long_rates.input = PicoUsd{5'000'000};
  p.long_rates.output = PicoUsd{15'000'000};
  CHECK(cost(p, usage(200'000, 1)) == NanoUsd{200'000 * 2500 + 10'000});
  CHECK(cost(p, usage(200'001, 1)) == NanoUsd{int64_t{200'001} * 5000 + 15'000});
  CHECK(cost(p, usage(200'001, 0, 200'001)) == NanoUsd{int64_t{200'001} * 1250});
}

TEST_CASE("counts that cannot be are bounded by the whole") {
  CHECK(cost(price(), usage(100, 0, 1000)) == NanoUsd{100 * 1250});
  Price p = price();
  p.rates.reasoning = PicoUsd{1};
  CHECK(cost(p, usage(0, 1000, -1, -1, 5000)) == NanoUsd{1});
  const int64_t huge = std::numeric_limits<int64_t>::max();
  CHECK(cost(price(), usage(huge, huge)) == NanoUsd{huge / 1000 + 1});
}
