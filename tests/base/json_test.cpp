#include "base/json.h"

#include <doctest/doctest.h>

#include "base/json_writer.h"

using namespace llmgw;

TEST_CASE("a value is found by its path, and its bytes are the client's own") {
  const std::string text = R"( {"a": [1, {"b" : "x\ny"} , true ], "n":-1.5e3 , "a":2, "\u0061b": null} )";
  const auto doc = json::Doc::parse(text);
  REQUIRE(doc);
  const auto root = doc->root();
  CHECK(root["a"].at(1)["b"].text() == "x\ny");
  CHECK(root["a"].at(1).raw() == R"({"b" : "x\ny"})");
  CHECK(root["a"].at(2).boolean() == true);
  CHECK(root["a"].size() == 3);
  CHECK(root["n"].number() == -1500.0);
  CHECK(root["n"].raw() == "-1.5e3");
  CHECK(root["ab"].is_null());
  CHECK(root["missing"]["deeper"].at(3).text().empty());
  CHECK(root.size() == 4);
}

TEST_CASE("what is not JSON is refused") {
  for (std::string_view text : {
           "",
           " ",
           "{",
           "}",
           "[1,]",
           "[,1]",
           "{\"a\"}",
           "{\"a\":}",
           "{\"a\":1,}",
           "{a:1}",
           "[1 2]",
           "[1]]",
           "{} {}",
           "nul",
           "truee",
           "01",
           "1.",
           ".5",
           "+1",
           "1e",
           "-",
           "\"\\x\"",
           "\"\\u12g4\"",
           "\"\\ud800\"",
           "\"\\udc00x\"",
           "\"abc",
           "\"a\nb\"",
           "[\"a\" \"b\"]",
           "\xef\xbb\xbf{}",
           "\"\xff\"",
           "[1}",
           "{\"a\":1]",
           "\"a\"b",
           "[\"a\"b]",
           "{\"a\":1 \"b\":2}",
           "{\"a\"::1}",
           "[1:2]",
           "Infinity",
           "NaN",
           "'a'",
           "[\f1]",
       }) {
    CAPTURE(text);
    CHECK_FALSE(json::Doc::parse(text));
  }
}

TEST_CASE("numbers of any size and every escape are let through") {
  for (std::string_view text : {
           "0",
           "-0",
           "1e400",
           "123456789012345678901234567890",
           "\"\\ud83d\\ude00\"",
           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
           "{}",
           "[]",
           "\"\"",
           "[[[[]]]]",
           "null",
           "{\"\":{}}",
       }) {
    CAPTURE(text);
    CHECK(json::Doc::parse(text));
  }
  CHECK(json::Doc::parse("\"\\ud83d\\ude00\"")->root().text() == "😀");
  CHECK(json::Doc::parse("\"\\ud800\"", {.allow_lone_surrogates = true})->root().text() == "\uFFFD");
}

TEST_CASE("depth is bounded, and the bound costs no stack") {
  CHECK(json::Doc::parse(std::string(512, '[') + std::string(512, ']')));
  const auto deep = json::Doc::parse(std::string(100'000, '[') + std::string(100'000, ']'));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().message == "invalid JSON at byte 512: nested too deep");
}

TEST_CASE("every cut of a text is refused") {
  const std::string text =
      R"({"model":"m","messages":[{"role":"user","content":"h\u00e9 \"q\""}],"n":1.5e2,"t":true})";
  REQUIRE(json::Doc::parse(text));
  for (size_t i = 0; i < text.size(); ++i) CHECK_FALSE(json::Doc::parse(std::string_view(text).substr(0, i)));
}

TEST_CASE("the writer's text reads back") {
  std::string out;
  json::Writer(out)
      .begin_object()
      .member("s", "a\"\\\n\x01\xff é")
      .member("i", int64_t{-5})
      .member("d", 0.1)
      .key("list")
      .begin_array()
      .boolean(true)
      .null()
      .raw("{}")
      .end_array()
      .end_object();
  CHECK(out == "{\"s\":\"a\\\"\\\\\\n\\u0001\uFFFD é\",\"i\":-5,\"d\":0.1,\"list\":[true,null,{}]}");
  CHECK(json::Doc::parse(out));
}
