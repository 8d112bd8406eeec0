#include "providers/credential_process.h"

#include <doctest/doctest.h>

using namespace llmgw;
using namespace llmgw::providers;

TEST_CASE("a command line comes apart as AWS's tools take it apart") {
  using Words = std::vector<std::string>;
  CHECK(command_words("") == Words{});
  CHECK(command_words("  a  b\tc ") == Words{"a", "b", "c"});
  CHECK(command_words(R"("C:\\x y" 'a "b"' c\ d "")") == Words{R"(C:\x y)", R"(a "b")", "c d", ""});
  CHECK(command_words("a 'open") == Words{});
}

TEST_CASE("what a credential_process prints is read; how it fails is told") {
  const auto good = run_credential_process(
      R"(/bin/sh -c 'echo "{\"Version\":1,\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"s\",)"
      R"(\"SessionToken\":\"t\",\"Expiration\":\"2026-01-01T01:00:00Z\"}"')");
  REQUIRE_MESSAGE(good.has_value(), good.error().message);
  CHECK(good->aws.access_key == "ASIA1");
  CHECK(good->aws.secret_key.reveal() == "s");
  CHECK(good->aws.session_token.reveal() == "t");
  CHECK(good->expires == WallTime(std::chrono::seconds(1'767'229'200)));

  struct Case {
    std::string command, error;
  };
  for (const auto& c : std::initializer_list<Case>{
           {"/no/such/program", "cannot be run: No such file or directory"},
           {"/bin/sh -c 'exit 3'", "ended with 3"},
           {"/bin/sh -c 'kill -9 $$'", "was ended by a signal"},
           {"/bin/echo hello", "printed no JSON"},
           {R"(/bin/echo '{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "s"}')", "\"Version\": 1"},
           {"'open", "is no command line"}}) {
    CAPTURE(c.command);
    const auto found = run_credential_process(c.command);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().error_class == ErrorClass::auth);
    CHECK(found.error().message.find(c.error) != std::string::npos);
  }
}
