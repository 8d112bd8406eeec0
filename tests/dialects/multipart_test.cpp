#include "dialects/multipart.h"

#include <doctest/doctest.h>

#include "dialects/form_scanner.h"

using namespace llmgw;
using namespace llmgw::dialects;

namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=\"b-1\"";

std::string part(std::string_view name, std::string_view value) {
  return "--b-1\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"\r\n\r\n" +
         std::string(value) + "\r\n";
}

const std::string kForm = "a preamble\r\n" + part("file", "\r\n--b\r\n--b-\r\n\r\nbytes") +
                          part("model", "p/m") + part("fallbacks", "a/b, c/d") + part("empty", "") +
                          part("stream", "true") + "--b-1--\r\nan epilogue";

}  // namespace

TEST_CASE("a form's fields are found however its bytes come") {
  const auto whole = scan_form(kType, kForm);
  REQUIRE(whole);
  REQUIRE(whole->size() == 3);
  for (const auto& field : *whole) {
    CHECK(kForm.substr(field.value_begin, field.value_end - field.value_begin) == field.value);
    CHECK(kForm.substr(field.begin, 5) == "--b-1");
    CHECK(kForm.substr(field.end, 5) == "--b-1");
  }
  CHECK((*whole)[0].value == "p/m");
  for (size_t size = 1; size < 40; ++size) {
    CAPTURE(size);
    auto scanner = FormScanner::make(kType).value();
    for (size_t at = 0; at < kForm.size(); at += size)
      REQUIRE(scanner.feed(std::string_view(kForm).substr(at, size)));
    const auto found = scanner.finish();
    REQUIRE(found);
    REQUIRE(found->size() == whole->size());
    for (size_t i = 0; i < found->size(); ++i) {
      CHECK((*found)[i].name == (*whole)[i].name);
      CHECK((*found)[i].value == (*whole)[i].value);
      CHECK((*found)[i].begin == (*whole)[i].begin);
      CHECK((*found)[i].end == (*whole)[i].end);
    }
  }
}

TEST_CASE("a form goes to another model without the gateway's own fields, and no other byte changes") {
  Request request;
  REQUIRE(read_form(scan_form(kType, kForm).value(), request));
  CHECK(request.model == "p/m");
  CHECK(request.stream);
  CHECK_FALSE(request.once);
  CHECK(*request.fallbacks == std::vector<std::string>{"a/b", "c/d"});
  std::string expected = kForm;
  expected.replace(expected.find("p/m"), 3, "another");
  const auto own = part("fallbacks", "a/b, c/d");
  expected.erase(expected.find(own), own.size());
  CHECK(changed(kForm, form_changes(request, "another")) == expected);
}

TEST_CASE("what is no form says why") {
  const std::string good = part("model", "p/m") + "--b-1--\r\n";
  const std::string no_value = "--b-1\r\nContent-Disposition: form-data; name=model\r\n\r\n--b-1--";
  for (const auto& [type, body, word] :
       std::initializer_list<std::tuple<std::string, std::string, std::string>>{
           {"multipart/form-data", good, "boundary"},
           {"multipart/form-data; boundary=" + std::string(71, 'b'), good, "boundary"},
           {"multipart/form-data; boundary=c", good, "closing boundary"},
           {std::string(kType), good.substr(0, good.size() - 5), "closing boundary"},
           {std::string(kType), no_value, "no value"},
           {std::string(kType), part("model", std::string(9000, 'm')) + "--b-1--", "8 KB"},
           {std::string(kType), "--b-1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n\r\n--b-1--", "16 KB"}}) {
    const auto fields = scan_form(type, body);
    REQUIRE_FALSE(fields);
    CHECK(fields.error().error_class == ErrorClass::bad_request);
    CHECK_MESSAGE(fields.error().message.find(word) != std::string::npos, fields.error().message);
  }
  std::string many;
  for (int i = 0; i < 257; ++i) many += part("x", "y");
  CHECK_FALSE(scan_form(kType, many + "--b-1--"));
}
