#include "config/quantity.h"

#include <doctest/doctest.h>

using namespace llmgw;
using namespace llmgw::config;

TEST_CASE("durations are read with their unit, and nothing else is") {
  struct {
    std::string_view text;
    Duration value;
  } const good[] = {{"250ms", 250ms},    {"2s", 2s},
                    {"5m", 5min},        {"1h", 1h},
                    {"30d", 24h * 30},   {"2w", 24h * 14},
                    {"1.5s", 1500ms},    {"1h30m", 90min},
                    {"1m0.5s", 60500ms}, {"0s", 0s},
                    {"10us", 10us},      {"7ns", 7ns},
                    {"0.25h", 15min},    {"36525d", 24h * 36525}};
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    CHECK(parse_duration(text) == value);
  }
  for (std::string_view bad : {"",
                               "5",
                               "s",
                               "5 s",
                               "-5s",
                               "+5s",
                               "5x",
                               "5S",
                               "5s5s",
                               "5s1h",
                               "1.s",
                               ".5s",
                               "1..5s",
                               "0.1ns",
                               "1.2.3s",
                               "36526d",
                               "99999999999999999999s",
                               "1e3s",
                               "5s ",
                               "5ms2"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("a duration's text reads back, and is the shortest") {
  for (std::string_view text : {"0s", "250ms", "90s", "10m", "1h", "5d", "2w", "1500us", "1ns"}) {
    CHECK(format_duration(*parse_duration(text)) == text);
  }
  CHECK(format_duration(600s) == "10m");
}

TEST_CASE("sizes are bytes") {
  struct {
    std::string_view text;
    int64_t value;
  } const good[] = {{"512B", 512},
                    {"64KiB", 64 << 10},
                    {"32MiB", 32 << 20},
                    {"1GiB", 1 << 30},
                    {"2TiB", int64_t{2} << 40},
                    {"10MB", 10'000'000},
                    {"1kB", 1000},
                    {"0.5kB", 500}};
  for (const auto& [text, value] : good) {
    CAPTURE(text);
    CHECK(parse_size(text) == value);
    CHECK(parse_size(format_size(value)) == value);
  }
  for (std::string_view bad :
       {"", "5", "MiB", "5 MiB", "-1B", "0.5B", "1M", "9999999TiB", "1GiB1MiB", "1mib"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size(bad));
  }
}

TEST_CASE("a decimal is scaled exactly or refused with the reason") {
  struct {
    std::string_view text;
    int digits;
    int64_t value;
  } const good[] = {{"2.5", 6, 2'500'000}, {"0.000001", 6, 1},
                    {"1e-6", 6, 1},        {"1.5E+2", 0, 150},
                    {"-3", 2, -300},       {"+0.50", 1, 5},
                    {"1_0.0", 0, 10},      {"0e999999", 9, 0},
                    {"100e-2", 0, 1},      {"9223372036854775807", 0, 9223372036854775807}};
  for (const auto& [text, digits, value] : good) {
    CAPTURE(text);
    CHECK(scaled_decimal(text, digits) == value);
  }
  struct {
    std::string_view text, why;
  } const bad[] = {{"0.0000001", "is finer than can be kept"},
                   {"1e-1000000", "is finer than can be kept"},
                   {"1e99", "is too large"},
                   {"1e99999999999", "is too large"},
                   {"9223372036854.775808", "is too large"},
                   {"inf", "is not a finite number"},
                   {"nan", "is not a finite number"},
                   {"", "is not a finite number"},
                   {"-", "is not a finite number"}};
  for (const auto& [text, why] : bad) {
    CAPTURE(text);
    const auto value = scaled_decimal(text, 6);
    REQUIRE_FALSE(value);
    CHECK(value.error() == why);
  }
  CHECK(format_scaled(2'500'000, 6) == "2.5");
  CHECK(format_scaled(1, 9) == "0.000000001");
  CHECK(format_scaled(-3'000'000, 6) == "-3");
  CHECK(format_scaled(0, 6) == "0");
}
