#include "providers/discover.h"

#include "base/text.h"
#include "config/find.h"
#include "net/endpoint.h"
#include "providers/catalog.h"
#include "providers/serving.h"

namespace llmgw::providers {
namespace {

// Without the line break that a shell's $(cat key) or an env file may leave.
std::string_view bare(std::string_view value) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = value.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(kBlank) - first + 1);
}

std::string value_of(const config::Environment& environment, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) {
    const auto value = environment.variable(std::string(name));
    if (value && !bare(*value).empty()) return std::string(bare(*value));
  }
  return {};
}

// What a kind needs beside its key; false when the environment has it not.
bool complete(config::Provider& p, const config::Environment& environment) {
  if (p.kind == "azure") {
    p.endpoint = value_of(environment, {"AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"});
    p.api_version =
        value_of(environment, {"OPENAI_API_VERSION", "AZURE_OPENAI_API_VERSION", "AZURE_API_VERSION"});
    return !p.endpoint.empty();
  }
  if (p.kind == "bedrock") {
    p.region = value_of(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
    return !p.region.empty();
  }
  return true;
}

// A provider that signs with the keys of the environment. A profile or a container's endpoint does not count:
// they are on many machines for other reasons, and are asked by a config that names the provider.
std::optional<config::Provider> signing_provider(const Row& row, const config::Environment& environment) {
  config::Provider p;
  p.name = p.kind = row.kind;
  config::Key key;
  key.name = "AWS_ACCESS_KEY_ID";
  key.access_key = Secret(value_of(environment, {"AWS_ACCESS_KEY_ID"}));
  key.secret_key = Secret(value_of(environment, {"AWS_SECRET_ACCESS_KEY"}));
  key.session_token = Secret(value_of(environment, {"AWS_SESSION_TOKEN"}));
  if (key.access_key.empty() || key.secret_key.empty() || !complete(p, environment)) return std::nullopt;
  p.keys.push_back(std::move(key));
  return p;
}

// A cloud that the environment names outright, with an identity in place of a key: Vertex as google-genai
// takes it, Azure with an application of Entra's or a workload's token.
std::optional<config::Provider> identity_provider(const Row& row, const config::Environment& environment) {
  config::Provider p;
  p.name = p.kind = row.kind;
  if (row.kind == "vertex") {
    const std::string wanted = value_of(environment, {"GOOGLE_GENAI_USE_VERTEXAI"});
    p.project = value_of(environment, {"GOOGLE_CLOUD_PROJECT"});
    p.region = value_of(environment, {"GOOGLE_CLOUD_LOCATION"});
    if ((wanted != "1" && !iequals(wanted, "true")) || p.project.empty() || p.region.empty())
      return std::nullopt;
    return p;
  }
  if (row.kind != "azure" || !complete(p, environment)) return std::nullopt;
  const bool proof = !value_of(environment, {"AZURE_CLIENT_SECRET"}).empty() ||
                     !value_of(environment, {"AZURE_FEDERATED_TOKEN_FILE"}).empty();
  const bool named = !value_of(environment, {"AZURE_TENANT_ID"}).empty() &&
                     !value_of(environment, {"AZURE_CLIENT_ID"}).empty();
  if (!proof || !named) return std::nullopt;
  return p;
}

// OLLAMA_HOST: "host", "host:port", ":port" or a URL (ollama, envconfig). An address to listen on is one to
// call on this machine.
void heed_ollama_host(Probe& probe, std::string text) {
  if (text.empty()) return;
  if (text.starts_with(':')) text = "127.0.0.1" + text;
  const bool has_scheme = text.find("://") != std::string::npos;
  const auto url = net::parse_base_url(has_scheme ? text : "http://" + text);
  if (!url || url->secure()) return;
  if (url->prefix.ends_with("/ollama")) return;  // a gateway's face for Ollama's clients, maybe our own
  probe.host = url->host == "0.0.0.0" || url->host == "::" ? "127.0.0.1" : url->host;
  if (url->port != 80 || has_scheme) probe.port = url->port;
}

}  // namespace

std::shared_ptr<config::Config> config_from_environment(const config::Environment& environment) {
  auto config = std::make_shared<config::Config>();
  config->server.data_dir = config::default_data_dir(environment).value_or("");
  config->fallback.default_auto = true;
  config->mock.enabled = true;
  for (const Row& row : catalog()) {
    if (row.local) continue;
    for (std::string_view variable : row.env_names()) {
      const std::string value = value_of(environment, {variable});
      if (value.empty()) continue;
      config::Provider p;
      p.name = p.kind = row.kind;
      config::Key key;
      key.name = variable;
      key.value = Secret(value);
      p.keys.push_back(std::move(key));
      if (complete(p, environment)) config->providers.push_back(std::move(p));
      break;
    }
    if (!config->providers.empty() && config->providers.back().kind == row.kind) continue;
    auto p = row.auth == AuthScheme::sigv4 ? signing_provider(row, environment)
                                           : identity_provider(row, environment);
    if (p) config->providers.push_back(std::move(*p));
  }
  config::Provider mock;
  mock.name = mock.kind = "mock";
  config->providers.push_back(std::move(mock));
  return config;
}

config::Known known_kinds() {
  config::Known known;
  for (const Row& row : catalog()) {
    // AWS has its own ways to find credentials.
    const bool keyless =
        row.local || row.auth == AuthScheme::none || row.auth == AuthScheme::sigv4 || row.env_names().empty();
    // Azure takes an endpoint or a base_url; region and project have variables of their own.
    const std::string_view needs = row.kind == "azure" ? "endpoint" : row.base_url.empty() ? "base_url" : "";
    known.kinds.push_back({std::string(row.kind), std::string(needs),
                           keyless ? std::string() : std::string(row.env_names().front()),
                           row.kind == "azure" ? "AZURE_CLIENT_ID" : ""});
  }
  known.model = [](std::string_view model) { return !who_serves(model).empty(); };
  return known;
}

config::Provider Probe::provider() const {
  config::Provider p;
  p.name = name;
  p.kind = kind;
  const std::string at = host.find(':') == std::string::npos ? host : "[" + host + "]";
  p.base_url = "http://" + at + ":" + std::to_string(port) + "/v1";
  return p;
}

std::vector<Probe> local_probes(const config::Environment& environment, const config::Config& config) {
  std::vector<Probe> probes;
  for (const Row& row : catalog()) {
    if (!row.local) continue;
    bool taken = false;
    for (const config::Provider& p : config.providers)
      taken = taken || p.kind == row.kind || p.name == row.kind;
    if (taken) continue;
    Probe probe{std::string(row.kind), std::string(row.kind), "127.0.0.1", row.port, "/v1/models"};
    if (row.kind == "ollama") heed_ollama_host(probe, value_of(environment, {"OLLAMA_HOST"}));
    probes.push_back(std::move(probe));
  }
  return probes;
}

}  // namespace llmgw::providers
