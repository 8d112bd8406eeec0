#include "base/json_edit.h"

#include <doctest/doctest.h>

using namespace llmgw;

namespace {

std::string edited(std::string_view text, const std::function<void(json::Edit&)>& change) {
  const auto doc = json::Doc::parse(text);
  REQUIRE(doc);
  json::Edit edit(doc->root());
  change(edit);
  const auto out = edit.apply();
  CAPTURE(out);
  CHECK(json::Doc::parse(out));
  return out;
}

}  // namespace

TEST_CASE("an edit changes what it names and no other byte") {
  const std::string text = R"({ "a": 1,  "b" : [1, 2] , "c":{"a":3}})";
  CHECK(edited(text, [](auto&) {}) == text);
  CHECK(edited(text, [](auto& e) { e.set("a", "\"x\""); }) == R"({ "a": "x",  "b" : [1, 2] , "c":{"a":3}})");
  CHECK(edited(text, [](auto& e) { e.set("d", "true"); }) ==
        R"({ "a": 1,  "b" : [1, 2] , "c":{"a":3},"d":true})");
  CHECK(edited(text, [](auto& e) { e.rename("b", "bb"); }) == R"({ "a": 1,  "bb" : [1, 2] , "c":{"a":3}})");
  CHECK(edited(text, [](auto& e) { e.remove("a"); }) == R"({ "b" : [1, 2] , "c":{"a":3}})");
  CHECK(edited(text, [](auto& e) { e.remove("b"); }) == R"({ "a": 1 , "c":{"a":3}})");
  CHECK(edited(text, [](auto& e) { e.remove("c"); }) == R"({ "a": 1,  "b" : [1, 2]})");
}

TEST_CASE("every choice of removed, renamed, set and added members gives JSON that holds the rest") {
  const std::string keys = "abcd";
  for (const std::string_view space : {"", " ", "\n  "}) {
    for (unsigned present = 0; present < 16; ++present) {
      std::string text = "{" + std::string(space);
      bool first = true;
      for (size_t i = 0; i < 4; ++i) {
        if ((present >> i & 1) == 0) continue;
        if (!first) text += std::string(space) + "," + std::string(space);
        first = false;
        text += std::string("\"") + keys[i] + "\"" + std::string(space) + ":" + std::to_string(i);
      }
      text += std::string(space) + "}";
      for (unsigned choice = 0; choice < 256; ++choice) {
        const auto out = edited(text, [&](auto& e) {
          for (size_t i = 0; i < 4; ++i) {
            const auto key = std::string_view(keys).substr(i, 1);
            switch (choice >> (2 * i) & 3) {
              case 1: e.remove(key); break;
              case 2: e.set(key, "9"); break;
              case 3: e.rename(key, "abcd"[i] == 'a' ? "A" : "Z"); break;
              default: break;
            }
          }
        });
        const auto doc = json::Doc::parse(out);
        REQUIRE(doc);
        size_t expected = 0;
        for (size_t i = 0; i < 4; ++i) {
          const bool there = present >> i & 1;
          const unsigned what = choice >> (2 * i) & 3;
          const auto value = doc->root()[std::string_view(keys).substr(i, 1)];
          if (what == 0) CHECK(value.raw() == (there ? std::to_string(i) : ""));
          if (what == 1 || what == 3) CHECK_FALSE(value);
          if (what == 2) CHECK(value.raw() == "9");
          expected += what == 2 || (there && what != 1);
        }
        CHECK(doc->root().size() == expected);
      }
    }
  }
}

TEST_CASE("a last member is added to any object") {
  CHECK(json::with_last_member("{}", "k", "1") == R"({"k":1})");
  CHECK(json::with_last_member("{\"a\":{}}\n", "k", "1") == "{\"a\":{},\"k\":1}\n");
  CHECK(json::with_last_member("{ \"a\": 1\n}", "k", "1") == "{ \"a\": 1,\"k\":1\n}");
}

TEST_CASE("a last member takes the place of one that is there") {
  CHECK(json::with_last_member(R"({"k":{"x":1}})", "k", "1") == R"({"k":1})");
  CHECK(json::with_last_member(R"({"a":2, "k":[3] })", "k", "1") == R"({"a":2,"k":1 })");
  CHECK(json::with_last_member(R"({"k":3,"a":2})", "k", "1") == R"({"a":2,"k":1})");
  CHECK(json::with_last_member(R"({"k":3,"a":2,"k":4})", "k", "1") == R"({"a":2,"k":1})");
  // Only of this object, and only where it is a name.
  CHECK(json::with_last_member(R"({"a":{"k":2},"b":"k"})", "k", "1") == R"({"a":{"k":2},"b":"k","k":1})");
}
