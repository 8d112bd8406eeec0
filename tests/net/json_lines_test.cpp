#include "net/json_lines.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace llmgw;
using net::JsonLinesSplitter;

TEST_CASE("lines come whole, however their bytes are cut") {
  const std::string bytes = "{\"a\":1}\n\r\n{\"b\":\"ö\"}\r\n\n{\"c\":3}";
  for (size_t step = 1; step <= bytes.size(); ++step) {
    CAPTURE(step);
    JsonLinesSplitter splitter;
    std::vector<std::string> lines;
    std::string raw;
    auto drain = [&] {
      for (auto event = splitter.next(); event && *event; event = splitter.next()) {
        lines.emplace_back((*event)->data);
        CHECK((*event)->type.empty());
        CHECK((*event)->raw.ends_with('\n'));
      }
    };
    for (size_t at = 0; at < bytes.size(); at += step) {
      splitter.feed(std::string_view(bytes).substr(at, step));
      drain();
      splitter.relax();
    }
    CHECK(lines == std::vector<std::string>{"{\"a\":1}", "{\"b\":\"ö\"}"});
    splitter.finish();
    drain();
    CHECK(lines.size() == 3);
    CHECK(lines.back() == "{\"c\":3}");
    splitter.finish();
    drain();
    CHECK(lines.size() == 3);
  }
}

TEST_CASE("a line without an end is a fault at its limit, not a heap of memory") {
  JsonLinesSplitter splitter(10);
  splitter.feed("0123456789");
  CHECK(splitter.next());
  splitter.feed("x");
  const auto event = splitter.next();
  REQUIRE_FALSE(event);
  CHECK(event.error().error_class == ErrorClass::invalid_response);
}
