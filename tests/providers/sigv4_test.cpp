#include "providers/sigv4.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "providers/provider.h"

using namespace llmgw;
using namespace llmgw::providers;

namespace {

constexpr WallTime kNewYear{std::chrono::seconds{1767225600}};  // 2026-01-01T00:00:00Z

}  // namespace

TEST_CASE("signatures are botocore's") {
  const auto vectors = nlohmann::json::parse(std::ifstream("tests/wire/sigv4/botocore.json"));
  REQUIRE(vectors["cases"].size() >= 5);
  for (const auto& c : vectors["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    net::Headers headers;
    for (const auto& [name, value] : c["headers"].items()) headers.add(name, value.get<std::string>());
    headers.add("User-Agent", "is not signed");
    headers.add("x-amz-date", "an old one");
    const std::string method = c["method"], host = c["host"], target = c["target"], body = c["body"],
                      region = c["region"];
    sign_sigv4({.method = method,
                .host = host,
                .target = target,
                .body = body,
                .region = region,
                .service = "bedrock"},
               {.access_key = vectors["access_key"],
                .secret_key = Secret(vectors["secret_key"]),
                .session_token = Secret(c["session_token"])},
               kNewYear, headers);
    CHECK(headers.get("authorization") == c["authorization"].get<std::string>());
    CHECK(headers.get("x-amz-date") == c["date"].get<std::string>());
    CHECK(headers.get("x-amz-security-token") == c["session_token"].get<std::string>());
  }
}

namespace {

config::Provider bedrock() {
  config::Provider p;
  p.name = p.kind = "bedrock";
  p.region = "us-east-1";
  return p;
}

config::Key signing_key() {
  config::Key key;
  key.name = "own";
  key.access_key = Secret("AKIDEXAMPLE");
  key.secret_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return key;
}

net::Call call_to(const Provider& provider) {
  net::Call call{.endpoint = &provider.endpoint(dialects::Dialect::bedrock_converse)};
  call.target =
      provider.path(dialects::Dialect::bedrock_converse, "", "us.anthropic.claude-sonnet-4-5-20250929-v1:0");
  call.headers.add("Content-Type", "application/json");
  call.body = R"({"messages":[{"role":"user","content":[{"text":"hi"}]}]})";
  return call;
}

}  // namespace

TEST_CASE("a provider signs the request as it goes out; a Bedrock API key goes as it is") {
  auto config = bedrock();
  config.keys = {signing_key()};
  const auto provider = Provider::make(config).value();
  auto call = call_to(*provider);
  call.headers.add("Authorization", "Bearer the-client's");
  provider->authorize(call.headers, &provider->keys()[0], dialects::Dialect::bedrock_converse);
  CHECK_FALSE(call.headers.has("authorization"));
  CHECK(provider->sign(call, &provider->keys()[0], kNewYear) == Provider::Signing::done);
  CHECK(call.headers.get("authorization")
            .ends_with("Signature=46d662b58e77e8d6ae94078b58d203c2c9a9d31024bec909e337f292e6ac95c3"));

  config.keys = {config::Key{.name = "api", .value = Secret("bedrock-api-key-1")}};
  const auto bearer = Provider::make(config).value();
  auto plain = call_to(*bearer);
  bearer->authorize(plain.headers, &bearer->keys()[0], dialects::Dialect::bedrock_converse);
  CHECK(bearer->sign(plain, &bearer->keys()[0], ManualClock().wall()) == Provider::Signing::done);
  CHECK(plain.headers.get("authorization") == "Bearer bedrock-api-key-1");
  CHECK_FALSE(plain.headers.has("x-amz-date"));
}

TEST_CASE("a provider without keys or region takes AWS's own from the environment, when it is called") {
  auto config = bedrock();
  config.region = "";
  const config::Environment machine{.variable = [](const std::string& name) -> std::optional<std::string> {
                                      if (name == "AWS_DEFAULT_REGION") return "ap-south-1";
                                      if (name == "AWS_ACCESS_KEY_ID") return "AKIDENV";
                                      if (name == "AWS_SECRET_ACCESS_KEY") return "secret";
                                      return std::nullopt;
                                    },
                                    .read_file = [](const std::string&) -> Result<std::string> {
                                      return fail(ErrorClass::bad_request, "no");
                                    },
                                    .exists = [](const std::string&) { return false; },
                                    .others_can_read = [](const std::string&) { return false; }};
  const auto provider = Provider::make(config, nullptr, machine).value();
  CHECK(provider->keyless());
  CHECK(provider->endpoint(dialects::Dialect::bedrock_converse).host ==
        "bedrock-runtime.ap-south-1.amazonaws.com");
  auto call = call_to(*provider);
  auto signing = provider->sign(call, nullptr, kNewYear);
  for (int i = 0; i < 1000 && signing && *signing == Provider::Signing::pending; ++i) {
    std::this_thread::sleep_for(5ms);
    signing = provider->sign(call, nullptr, kNewYear);
  }
  REQUIRE(signing);
  CHECK(call.headers.get("authorization")
            .starts_with("AWS4-HMAC-SHA256 Credential=AKIDENV/20260101/ap-south-1/bedrock/aws4_request,"));
}

TEST_CASE("the region of a signature is the config's, else the host's; without one the config is refused") {
  auto config = bedrock();
  config.keys = {signing_key()};
  config.region = "";
  config.base_url = "https://bedrock-runtime.eu-west-3.amazonaws.com";
  const auto provider = Provider::make(config).value();
  auto call = call_to(*provider);
  CHECK(provider->sign(call, &provider->keys()[0], ManualClock().wall()));
  CHECK(call.headers.get("authorization").find("/eu-west-3/bedrock/aws4_request") != std::string_view::npos);

  config.base_url = "https://gateway.example.com";
  const auto refused = Provider::make(config);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("needs region") != std::string::npos);
}
