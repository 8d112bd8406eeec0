#include "service/aws_signature.h"

#include <doctest/doctest.h>

using namespace llmgw;
using namespace llmgw::service;

TEST_CASE("a client's AWS signature is checked for its form, and its access key id read") {
  const std::string good =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, "
      "SignedHeaders=content-type;host;x-amz-date, "
      "Signature=46d662b58e77e8d6ae94078b58d203c2c9a9d31024bec909e337f292e6ac95c3";
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  struct Case {
    std::string authorization, date, error;  // a part of the error; empty: it is good
  };
  const Case cases[] = {
      {good, "20260101T000000Z", ""},
      {good, "", "X-Amz-Date is missing"},
      {good, "20260102T000000Z", "another day"},
      {changed("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "20260101T000000Z", "scheme"},
      {changed("AKIDEXAMPLE/", ""), "20260101T000000Z", "KEY/DATE/REGION/SERVICE"},
      {changed("20260101", "1 Jan"), "20260101T000000Z", "YYYYMMDD"},
      {changed("aws4_request", "aws3_request"), "20260101T000000Z", "aws4_request"},
      {changed("host;", ""), "20260101T000000Z", "must name host"},
      {changed("46d662b5", "46D662B5"), "20260101T000000Z", "64 hexadecimal digits"},
      {"AWS4-HMAC-SHA256", "20260101T000000Z", "scheme"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.authorization);
    CAPTURE(c.date);
    net::Headers headers;
    headers.add("Authorization", c.authorization);
    if (!c.date.empty()) headers.add("X-Amz-Date", c.date);
    const auto key = aws_access_key(headers);
    CHECK(key.has_value() == c.error.empty());
    if (key) {
      CHECK(key->value_or("") == "AKIDEXAMPLE");
    } else {
      CHECK(key.error().http_status() == 403);
      CHECK(key.error().message.find(c.error) != std::string::npos);
    }
  }
  net::Headers bearer;
  bearer.add("Authorization", "Bearer sk-1");
  CHECK_FALSE(aws_access_key(bearer).value().has_value());
  CHECK_FALSE(aws_access_key({}).value().has_value());
}
