#include "dialects/token_estimate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

}  // namespace

TEST_CASE("an estimate is within 15 % of o200k's count, for each kind of text") {
  std::ifstream counts("tests/tokens/counts.txt");
  std::string name;
  int64_t count = 0, all = 0, estimated = 0;
  int texts = 0;
  while (counts >> name >> count) {
    CAPTURE(name);
    const auto estimate = estimate_tokens(text_of("tests/tokens/" + name));
    const double error = static_cast<double>(estimate) / static_cast<double>(count) - 1;
    CAPTURE(estimate);
    CAPTURE(error);

    CHECK(std::abs(error) <= 0.15);
    all += count;
    estimated += estimate;
    ++texts;
  }
  CHECK(texts == 6);
  CHECK(std::abs(static_cast<double>(estimated) / static_cast<double>(all) - 1) <= 0.05);
}

TEST_CASE("any bytes have an estimate between none and one token a byte") {
  for (const std::string text :
       {"", "a", "\xff\xfe\xc3", "\xf0\x9f\x98", "    ", "....", "12345678901234567890"}) {
    CAPTURE(text);
    CHECK(estimate_tokens(text) >= 0);
    CHECK(estimate_tokens(text) <= static_cast<int64_t>(text.size()));
  }
  CHECK(estimate_tokens("") == 0);
  CHECK(estimate_tokens("hello") == 1);
}

TEST_CASE("a request costs its texts, its tools and its media, and a body's base64 is not text") {
  Conversation c;
  c.messages.push_back({Role::user, {{Text{.text = "hello", .citations = {}}, {}}}, {}});
  const auto bare = estimate_tokens(c);
  CHECK(bare == 5);
  c.messages[0].parts.push_back({Image{}, {}});
  CHECK(estimate_tokens(c) == bare + 1000);
  c.tools.push_back({.name = "weather", .description = "tells the weather"});
  CHECK(estimate_tokens(c) > bare + 1000 + 8);

  const std::string body = R"({"messages":[{"content":"hello"},{"image_url":"data:image/png;base64,)" +
                           std::string(5000, 'A') + R"("},{"data":"hello hello"}]})";
  const auto doc = json::Doc::parse(body);
  REQUIRE(doc);
  CHECK(estimate_tokens(doc->root()) == 1);
}
