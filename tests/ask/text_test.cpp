#include <doctest/doctest.h>

#include "ask/code_block.h"
#include "ask/question.h"
#include "ask/template.h"
#include "base/json.h"

using namespace llmgw;
using namespace llmgw::ask;

TEST_CASE("the last code block is found as CommonMark sees it") {
  const std::pair<const char*, std::optional<std::string>> cases[] = {
      {"no block", std::nullopt},
      {"`inline` only", std::nullopt},
      {"```\na\n```", "a\n"},
      {"```sh\na\n```\ntext\n```py\nb\n\nc\n```\nend", "b\n\nc\n"},
      {"~~~\n```\na\n```\n~~~", "```\na\n```\n"},
      {"````\n```\n````", "```\n"},
      {"```\nnever closed\n", "never closed\n"},
      {"  ```\n    a\n  b\n  ```", "  a\nb\n"},
      {"    ```\nindented code is no fence", std::nullopt},
      {"``` not `a` fence\n", std::nullopt},
      {"```\n```", ""},
      {"```\r\na\r\n```\r\n", "a\n"},
      {"```\na\n``` not the end\n```", "a\n``` not the end\n"},
  };
  for (const auto& [text, block] : cases) {
    CAPTURE(text);
    CHECK(last_code_block(text) == block);
  }
}

TEST_CASE("a template takes the input where $input stands, else behind its prompt") {
  CHECK(fill("a $input b $input", "x") == "a x b x");
  CHECK(fill("$$input costs $5", "x") == "$input costs $5");
  CHECK(fill("$input", "$input") == "$input");
  CHECK(prompt_of({.prompt = "Say $input"}, "yes") == "Say yes");
  CHECK(prompt_of({.prompt = "Say it"}, "yes") == "Say it\n\nyes");
  CHECK(prompt_of({.prompt = "Say it"}, "") == "Say it");
  CHECK(prompt_of({.system = "Be brief"}, "yes") == "yes");
  CHECK(prompt_of({.system = "Speak $input", .prompt = "Hello"}, "French") == "Hello");
}

TEST_CASE("an option's value is JSON if it parses, else text; dots go into objects") {
  const auto body = request_body({.model = "m",
                                  .messages = {text_message("user", "hi")},
                                  .options = {{"temperature", "0.5"},
                                              {"user", "joe"},
                                              {"a.b.c", "[1]"},
                                              {"a.b.d", "null"},
                                              {"big", "12345678901234567890"},
                                              {"quote", "\"12\""}}});
  REQUIRE(body);
  const auto doc = json::Doc::parse(*body);
  REQUIRE(doc);
  const auto root = doc->root();
  CHECK(root["temperature"].raw() == "0.5");
  CHECK(root["user"].text() == "joe");
  CHECK(root["a"].raw() == R"({"b":{"c":[1],"d":null}})");
  CHECK(root["big"].raw() == "12345678901234567890");
  CHECK(root["quote"].text() == "12");
  CHECK(!root["stream"]);
  CHECK(!root["fallbacks"]);
}

TEST_CASE("options that cannot be set so are refused") {
  CHECK(!parse_option("temperature"));
  CHECK(!parse_option("=1"));
  for (const char* taken : {"model=x", "messages=[]", "stream=true", "fallbacks=[]"})
    CHECK(!parse_option(taken));
  CHECK(parse_option("a=b=c")->second == "b=c");
  CHECK(!request_body({.model = "m", .options = {{"a", "1"}, {"a.b", "2"}}}));
  CHECK(!request_body({.model = "m", .options = {{"a..b", "2"}}}));
}

TEST_CASE("a stream asks for its usage, and its own options stay") {
  const auto asked = [](Question q) { return *request_body(q); };
  CHECK(asked({.model = "m", .stream = true}).find(R"("stream_options":{"include_usage":true})") !=
        std::string::npos);
  CHECK(asked({.model = "m", .options = {{"stream_options.x", "1"}}, .stream = true})
            .find(R"("stream_options":{"x":1})") != std::string::npos);
  CHECK(schema_format("my schema", "{}", false) ==
        R"({"type":"json_schema","json_schema":{"name":"my_schema","schema":{}}})");
}
