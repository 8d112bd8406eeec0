#include "providers/discover.h"

#include <doctest/doctest.h>

#include <map>

#include "providers/catalog.h"
#include "providers/provider.h"

using namespace llmgw;
using namespace llmgw::providers;

namespace {
config::Environment environment(std::map<std::string, std::string> variables) {
  config::Environment e;
  e.variable = [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
  e.read_file = [](const std::string&) -> Result<std::string> {
    return fail(ErrorClass::bad_request, "no such file");
  };
  e.exists = [](const std::string&) { return false; };
  e.others_can_read = [](const std::string&) { return false; };
  return e;
}
}  // namespace

TEST_CASE("each key in the environment makes a provider, named after its kind") {
  const config::Config config = *config_from_environment(environment({{"OPENAI_API_KEY", "sk-1"},
                                                                      {"GOOGLE_API_KEY", "g-2\n"},
                                                                      {"ANTHROPIC_API_KEY", "  "},
                                                                      {"TOGETHERAI_API_KEY", "t-1"},
                                                                      {"TOGETHER_API_KEY", "t-2"},
                                                                      {"OLLAMA_API_KEY", "o"}}));
  REQUIRE(config.providers.size() == 4);  // the mock is the last
  CHECK(config.providers[0].name == "openai");
  CHECK(config.providers[0].keys[0].name == "OPENAI_API_KEY");
  CHECK(config.providers[0].keys[0].value.reveal() == "sk-1");
  CHECK(config.providers[1].kind == "gemini");
  CHECK(config.providers[1].keys[0].value.reveal() == "g-2");
  CHECK(config.providers[2].keys[0].name == "TOGETHER_API_KEY");
  CHECK(config.fallback.default_auto);
  CHECK(config.mock.enabled);
  CHECK(config.path.empty());
  for (const auto& p : config.providers) CHECK(Provider::make(p));
}

TEST_CASE("a bare machine has the mock and nothing else") {
  const config::Config config = *config_from_environment(environment({}));
  REQUIRE(config.providers.size() == 1);
  CHECK(config.providers[0].name == "mock");
  CHECK(config.mock.enabled);
}

TEST_CASE("kinds that need more than a key come when all is there") {
  const auto keys_only = config_from_environment(
      environment({{"AZURE_OPENAI_API_KEY", "k"}, {"AWS_BEARER_TOKEN_BEDROCK", "b"}}));
  CHECK(keys_only->providers.size() == 1);
  const config::Config config =
      *config_from_environment(environment({{"AZURE_OPENAI_API_KEY", "k"},
                                            {"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
                                            {"AWS_BEARER_TOKEN_BEDROCK", "b"},
                                            {"AWS_REGION", "eu-west-1"}}));
  REQUIRE(config.providers.size() == 3);
  for (const auto& p : config.providers) CHECK(Provider::make(p));
}

TEST_CASE("a cloud that the environment names outright comes without a key") {
  std::map<std::string, std::string> here = {{"GOOGLE_GENAI_USE_VERTEXAI", "True"},
                                             {"GOOGLE_CLOUD_PROJECT", "acme"},
                                             {"GOOGLE_CLOUD_LOCATION", "europe-west1"},
                                             {"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
                                             {"AZURE_TENANT_ID", "t"},
                                             {"AZURE_CLIENT_ID", "c"},
                                             {"AZURE_CLIENT_SECRET", "s"}};
  const auto config = config_from_environment(environment(here));
  REQUIRE(config->providers.size() == 3);
  CHECK(config->providers[0].kind == "azure");
  CHECK(config->providers[1].kind == "vertex");
  CHECK(config->providers[1].region == "europe-west1");
  for (const auto& p : config->providers) CHECK(Provider::make(p, nullptr, environment(here)));
  // Neither a project nor an application is a word that this gateway may use it.
  here.erase("GOOGLE_GENAI_USE_VERTEXAI");
  here.erase("AZURE_CLIENT_SECRET");
  CHECK(config_from_environment(environment(here))->providers.size() == 1);
}

TEST_CASE("AWS's keys and a region make a Bedrock that signs; a Bedrock API key comes before them") {
  const std::map<std::string, std::string> aws = {
      {"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}};
  CHECK(config_from_environment(environment(aws))->providers.size() == 1);  // the mock
  auto here = aws;
  here["AWS_REGION"] = "eu-west-1";
  const config::Config config = *config_from_environment(environment(here));
  REQUIRE(config.providers.size() == 2);
  const auto& key = config.providers[0].keys.at(0);
  CHECK(config.providers[0].kind == "bedrock");
  CHECK(key.name == "AWS_ACCESS_KEY_ID");
  CHECK(key.access_key.reveal() == "AKID");
  CHECK(key.session_token.reveal() == "t");
  CHECK(Provider::make(config.providers[0]));
  here["AWS_BEARER_TOKEN_BEDROCK"] = "b";
  const config::Config both = *config_from_environment(environment(here));
  REQUIRE(both.providers.size() == 2);
  CHECK(both.providers[0].keys.at(0).value.reveal() == "b");
}

TEST_CASE("local servers are looked for where people run them") {
  const auto probes = local_probes(environment({{"OLLAMA_HOST", "0.0.0.0:9999"}}), {});
  REQUIRE(probes.size() == 5);
  CHECK(probes[0].kind == "ollama");
  CHECK(probes[0].host == "127.0.0.1");
  CHECK(probes[0].port == 9999);
  CHECK(probes[0].path == "/v1/models");
  CHECK(probes[0].provider().base_url == "http://127.0.0.1:9999/v1");
  for (const Probe& p : probes) CHECK(Provider::make(p.provider()));

  config::Config config;
  config::Provider own;
  own.name = own.kind = "ollama";
  config.providers.push_back(own);
  CHECK(local_probes(environment({}), config).size() == 4);
}

TEST_CASE("OLLAMA_HOST is read as Ollama reads it") {
  struct Case {
    std::string_view value, host;
    int port;
  };
  for (auto [value, host, port] :
       std::initializer_list<Case>{{"box", "box", 11434},
                                   {"box:1", "box", 1},
                                   {":8", "127.0.0.1", 8},
                                   {"http://box", "box", 80},
                                   {"[::1]:5", "::1", 5},
                                   {"https://box", "127.0.0.1", 11434},
                                   {"http://gateway:8484/ollama", "127.0.0.1", 11434},
                                   {"not a host", "127.0.0.1", 11434}}) {
    CAPTURE(value);
    const auto probes = local_probes(environment({{"OLLAMA_HOST", std::string(value)}}), {});
    CHECK(probes[0].host == host);
    CHECK(probes[0].port == port);
  }
}

TEST_CASE("data is kept in the home folder") {
  CHECK(config_from_environment(environment({{"HOME", "/home/u"}}))->server.data_dir ==
        "/home/u/.local/share/llmgw");
  CHECK(config_from_environment(environment({}))->server.data_dir.empty());
}

TEST_CASE("the loader learns every kind and what it needs") {
  const config::Known known = known_kinds();
  CHECK(known.kinds.size() == catalog().size());
  for (const config::Kind& kind : known.kinds) {
    CAPTURE(kind.name);
    if (kind.name == "openai") CHECK(kind.key_env == "OPENAI_API_KEY");
    if (kind.name == "azure") CHECK(kind.needs == "endpoint");
    if (kind.name == "openai-compatible") CHECK(kind.needs == "base_url");
    if (kind.name == "ollama") CHECK(kind.key_env.empty());
    if (kind.name == "mock") CHECK(kind.needs.empty());
  }
  CHECK(known.model("gpt-4o"));
  CHECK_FALSE(known.model("fast"));
}
