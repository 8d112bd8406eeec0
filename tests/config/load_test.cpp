#include "config/load.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "config/describe.h"
#include "tests/config/machine.h"
#include "tests/config/problem_case.h"

using namespace llmgw;
using namespace llmgw::config;

namespace {

Machine machine() {
  Machine m;
  m.files = {{"/run/secrets/two_lines", "sk-1\nsk-2\n"}, {"/etc/c.pem", "pem"}};
  return m;
}

std::string lines(const std::vector<Problem>& problems) {
  std::string out;
  for (const auto& problem : problems) {
    const auto line = format(problem, "");
    out += (line.starts_with(':') ? line.substr(1) : line) + "\n";
  }
  return out;
}

}  // namespace

// A title that ends in "(open)" makes the file readable by all, in "(unbuilt)" refuses what is
// not built. Each text has the mock provider behind it, so that it has one.
TEST_CASE("every problem of a config has its place and says what to do") {
  const auto cases = problem_cases();
  CHECK(cases.size() >= 150);
  for (const auto& one : cases) {
    CAPTURE(one.title);
    Machine m = machine();
    m.open = one.title.ends_with("(open)");
    const Options options{.refuse_unbuilt = one.title.ends_with("(unbuilt)")};
    const auto loaded =
        load(one.text + "[mock]\nenabled = true\n", "llmgw.toml", m.environment(), some_kinds(), options);
    CHECK(lines(loaded.problems) == one.problems);
    CHECK((loaded.config == nullptr) == any_error(loaded.problems));
  }
}

namespace {

Loaded read(const std::string& text, const Options& options = {.refuse_unbuilt = false}) {
  const Machine m = machine();
  return load(text, "llmgw.toml", m.environment(), some_kinds(), options);
}

}  // namespace

TEST_CASE("the spec's example loads whole") {
  // It names providers that it leaves to other examples.
  const auto text =
      source_file("tests/config/spec_example.toml") + "[providers.groq]\n[providers.anthropic]\n";
  Machine m = machine();
  for (auto name : {"LLMGW_ADMIN", "OPENAI_API_KEY", "VK_CHECKOUT", "AUDIT_KEY", "ROLE", "SECRET"}) {
    m.variables[name] = std::string("secret of ") + name;
  }
  for (auto name : {"c.pem", "k.pem", "ca.pem", "plugins/policy.lua"}) m.files[name] = "";
  const auto loaded = load(text, "llmgw.toml", m.environment(), some_kinds(), {.refuse_unbuilt = false});
  CHECK(lines(loaded.problems) ==
        "154:1: warning: providers.groq: has no keys; add [[providers.groq.keys]] with value = "
        "\"env:GROQ_API_KEY\"\n"
        "155:1: warning: providers.anthropic: has no keys; add [[providers.anthropic.keys]] with value = "
        "\"env:ANTHROPIC_API_KEY\"\n");
  REQUIRE(loaded.config);
  const Config& config = *loaded.config;

  CHECK(config.server.listen == "127.0.0.1:8484");
  CHECK(config.server.data_dir == "/home/u/.local/share/llmgw");
  CHECK(config.server.auth == Auth::open);
  CHECK(config.server.admin_token->reveal() == "secret of LLMGW_ADMIN");
  CHECK(config.server.tls->client_ca == "ca.pem");

  REQUIRE(config.providers.size() == 3);
  const Provider& openai = config.providers[0];
  CHECK(openai.name == "openai");
  CHECK(openai.kind == "openai");
  CHECK(openai.base_url == "https://api.openai.com/v1");
  CHECK(openai.timeouts.connect == 5s);
  CHECK(openai.timeouts.total == 600s);
  CHECK(openai.retries.max == 1);
  CHECK(openai.headers[0] == std::pair<std::string, std::string>("OpenAI-Organization", "org-1"));
  CHECK(openai.labels == std::vector<std::string>{"us"});
  REQUIRE(openai.keys.size() == 1);
  CHECK(openai.keys[0].value.reveal() == "secret of OPENAI_API_KEY");
  CHECK(openai.keys[0].weight == 3.0);
  CHECK(openai.keys[0].group == "org-1");
  CHECK(openai.keys[0].models->front() == "gpt-4o*");
  CHECK(openai.keys[0].at.line == 29);
  CHECK(openai.models.at("ft:gpt-4o:acme").is == "gpt-4o");
  CHECK(openai.prices[0].first == "gpt-5*");
  CHECK(openai.prices[0].second.input == PicoUsd{2'500'000});
  CHECK(openai.prices[0].second.cached_input == PicoUsd{1'250'000});
  CHECK_FALSE(openai.prices[0].second.reasoning);
  CHECK(openai.errors[0].status == 400);
  CHECK(openai.errors[0].error_class == ErrorClass::quota);

  const Route& fast = *config.route("fast");
  CHECK(fast.targets[0].model == "openai/gpt-4o-mini");
  CHECK(fast.targets[0].weight == 3);
  CHECK(fast.targets[1].weight == 1);
  CHECK(fast.strategy == Strategy::adaptive);
  CHECK(fast.fallbacks->at(0) == "anthropic/claude-3-5-haiku-latest");
  CHECK(fast.hedge->p95);
  CHECK(fast.hedge->max_share == 0.05);
  CHECK(fast.promise.survives == std::vector<std::string>{"key", "provider"});
  CHECK(fast.promise.success == 0.999);
  CHECK(fast.promise.first_token_p99 == 4s);
  CHECK(config.aliases.at("gpt-4o") == "fast");

  REQUIRE(config.virtual_keys.size() == 1);
  const VirtualKey& key = config.virtual_keys[0];
  CHECK(key.sha256 == sha256_hex("secret of VK_CHECKOUT"));
  CHECK(key.expires == "2027-01-01");
  CHECK(key.budget->limit == NanoUsd{50'000'000'000});
  CHECK(key.budget->window == 24h * 30);
  CHECK(key.rate->requests == 600);
  CHECK(key.rate->tokens == 200'000);
  CHECK(key.rate->per == 1min);
  CHECK(key.provider.at("openai").budget->limit == NanoUsd{10'000'000'000});
  CHECK(key.model.at("gpt-4o*").budget->window == 24h);
  CHECK(config.teams[0].customer == "acme");
  CHECK_FALSE(config.customers[0].budget->window);
  CHECK(config.budget->per == "month");

  CHECK(config.guardrails_input[1].pattern == "(?i)project\\s+x");
  CHECK(config.guardrails_output[1].target == "openai/omni-moderation-latest");
  CHECK(config.plugins[0].path == "plugins/policy.lua");
  CHECK(config.ask_model == "fast");
  CHECK(config.otlp == "http://127.0.0.1:4318");
  CHECK(config.alerts[0].on.size() == 5);
  CHECK(config.audit_key->reveal() == "secret of AUDIT_KEY");
  CHECK(config.cluster_redis->reveal() == "rediss://127.0.0.1:6379");
  CHECK(config.vault_auth == "approle");
  CHECK(config.vault_secret_id.reveal() == "secret of SECRET");
  CHECK(loaded.files == std::vector<std::string>{"llmgw.toml", "c.pem", "k.pem", "ca.pem", "ca.pem", "c.pem",
                                                 "k.pem", "plugins/policy.lua"});
}

TEST_CASE("what the spec prints as defaults are the defaults") {
  // Sections that are all defaults, as they stand in the spec.
  const auto example = source_file("tests/config/spec_example.toml");
  std::string defaults = "[providers.ollama]\n";
  for (std::string_view section : {"[fallback]", "[balance]", "[cache]", "[log]"}) {
    const auto begin = example.find("\n" + std::string(section)) + 1;
    auto end = example.find("\n[", begin + 1);
    REQUIRE(begin > 0);
    defaults += example.substr(begin, end - begin) + "\n";
  }
  const auto said = read(defaults), unsaid = read("[providers.ollama]\n");
  REQUIRE(said.config);
  REQUIRE(unsaid.config);
  CHECK(describe(*said.config) == describe(*unsaid.config));
  CHECK(said.config->fallback.max_attempts == 6);
  CHECK_FALSE(said.config->fallback.policy.deadline.value);

  const Server server = unsaid.config->server;
  CHECK(server.max_body == 32 << 20);
  CHECK(server.max_buffered == 512 << 20);
  CHECK(server.max_connections == 16384);
  CHECK_FALSE(server.auth);
  CHECK(server.allowed_hosts ==
        std::vector<std::string>{"localhost", "127.0.0.1", "[::1]", "host.docker.internal"});
  CHECK(server.linger == 0s);
  CHECK(server.drain == 25s);
  CHECK(unsaid.config->providers[0].max_concurrency == 1024);
  CHECK(unsaid.config->providers[0].retries.max == 1);
  CHECK(unsaid.config->providers[0].retries.backoff == 200ms);
}

TEST_CASE("providers keep the file's order, however the file spells them") {
  const auto loaded = read(
      "[[providers.zeta.keys]]\nname = 'a'\nvalue = 'x'\n[providers.zeta]\nkind = 'openai'\n"
      "[providers.beta]\nkind = 'ollama'\n[providers]\nalpha.kind = 'ollama'\n[mock]\nenabled = true\n");
  CAPTURE(lines(loaded.problems));
  REQUIRE(loaded.config);
  std::vector<std::string> order;
  for (const auto& provider : loaded.config->providers) order.push_back(provider.name);
  CHECK(order == std::vector<std::string>{"zeta", "beta", "alpha", "mock"});
}

TEST_CASE("money is exact, to the last digit that can be kept") {
  struct {
    std::string_view text;
    int64_t nano;
  } const cases[] = {{"0.1", 100'000'000},
                     {"0.000000001", 1},
                     {"5", 5'000'000'000},
                     {"1_000.50", 1'000'500'000'000},
                     {"1e-3", 1'000'000},
                     {"2.50000000000000000", 2'500'000'000},
                     {"9000000000.123456789", 9'000'000'000'123'456'789},
                     {"0.0", 0}};
  for (const auto& [text, nano] : cases) {
    CAPTURE(text);
    const auto loaded =
        read("[mock]\nenabled = true\n[budget]\nper = 'day'\nusd = " + std::string(text) + " # dollars\n");
    CAPTURE(lines(loaded.problems));
    REQUIRE(loaded.config);
    CHECK(loaded.config->budget->limit.value == nano);
  }
}

TEST_CASE("an unset variable of a provider's key leaves the key out; of others it refuses the file") {
  const std::string text =
      "[[providers.openai.keys]]\nname = 'a'\nvalue = 'env:A'\n"
      "[[providers.openai.keys]]\nname = 'b'\nvalue = 'file:/run/secrets/b'\n";
  Machine m = machine();
  m.files["/run/secrets/b"] = "sk-b\n";
  auto loaded = load(text, "llmgw.toml", m.environment(), some_kinds());
  REQUIRE(loaded.config);
  const auto& keys = loaded.config->providers[0].keys;
  CHECK(keys[0].unset);
  CHECK(keys[0].value.empty());
  CHECK_FALSE(keys[1].unset);
  CHECK(keys[1].value.reveal() == "sk-b");
  CHECK(loaded.files == std::vector<std::string>{"llmgw.toml", "/run/secrets/b"});

  CHECK_FALSE(
      load(text + "[server]\nadmin_token = 'env:T'\n", "llmgw.toml", m.environment(), some_kinds()).config);
}

TEST_CASE("with optional secrets nothing needs to be at hand") {
  const std::string text =
      "[server]\nadmin_token = 'env:T'\n[[providers.openai.keys]]\nname = 'a'\nvalue = 'env:A'\n"
      "[[providers.openai.keys]]\nname = 'b'\nvalue = 'file:/gone'\n[providers.openai.tls]\nca = "
      "'gone.pem'\n";
  const auto loaded = read(text, {.secrets = Secrets::optional});
  CHECK(lines(loaded.problems).empty());
  REQUIRE(loaded.config);
  CHECK_FALSE(loaded.config->providers[0].keys[0].unset);
  CHECK_FALSE(read(text, {.secrets = Secrets::required}).config);
}

TEST_CASE("a relative path is taken from the config's folder, '~' from the home") {
  Machine m = machine();
  m.files = {
      {"/etc/llmgw/ca.pem", ""}, {"/etc/llmgw/key", "sk"}, {"/home/u/c.pem", ""}, {"/home/u/k.pem", ""}};
  const auto loaded = load(
      "[server]\ndata_dir = 'data'\n[providers.openai]\n"
      "tls = { ca = 'ca.pem', cert = '~/c.pem', key = '~/k.pem' }\nkeys = [{ name = 'a', value = 'file:key' "
      "}]\n",
      "/etc/llmgw/llmgw.toml", m.environment(), some_kinds());
  CAPTURE(lines(loaded.problems));
  REQUIRE(loaded.config);
  CHECK(loaded.config->server.data_dir == "/etc/llmgw/data");
  CHECK(loaded.config->providers[0].tls.ca == "/etc/llmgw/ca.pem");
  CHECK(loaded.config->providers[0].tls.cert == "/home/u/c.pem");
  CHECK(loaded.config->providers[0].keys[0].value.reveal() == "sk");
}

TEST_CASE("a port for other machines needs tls and virtual keys, or the flag") {
  const std::string text = "[mock]\nenabled = true\n[server]\nlisten = '0.0.0.0:8484'\n";
  const std::string tls = "tls = { cert = '/etc/c.pem', key = '/etc/c.pem' }\n";
  CHECK_FALSE(read(text).config);
  CHECK_FALSE(read(text + tls).config);
  CHECK_FALSE(read(text + "auth = 'virtual-key'\n").config);
  CHECK(read(text + tls + "auth = 'virtual-key'\n").config);
  CHECK(read(text + tls + "[[virtual_keys]]\nname = 'a'\nvalue = 'x'\n").config);
  CHECK_FALSE(read(text + tls + "auth = 'open'\n[[virtual_keys]]\nname = 'a'\nvalue = 'x'\n").config);
  CHECK(read(text, {.insecure = true}).config);
  for (std::string_view local : {"localhost:1", "127.8.8.8:1", "[::1]:0", "LOCALHOST:65535"}) {
    CAPTURE(local);
    CHECK(read("[mock]\nenabled = true\n[server]\nlisten = '" + std::string(local) + "'\n").config);
  }
}

TEST_CASE("an empty file is a config that can call nobody") {
  const auto loaded = read("");
  CHECK(loaded.config);
  CHECK(lines(loaded.problems) == " warning: no provider: nothing can be called; add [providers.NAME]\n");
}

TEST_CASE("a file that can't be read is a problem of the whole file") {
  const Machine m = machine();
  const auto loaded = load_file("/none.toml", m.environment(), some_kinds());
  CHECK_FALSE(loaded.config);
  REQUIRE(loaded.problems.size() == 1);
  CHECK(format(loaded.problems[0], "/none.toml") == "/none.toml: cannot be read: No such file or directory");
}

TEST_CASE("no nesting and no chain exhausts the stack") {
  const auto repeat = [](std::string_view text, size_t n) {
    std::string out;
    for (size_t i = 0; i < n; ++i) out += text;
    return out;
  };
  const std::string bad[] = {"x = " + repeat("[", 100'000),
                             "x = " + repeat("{a=", 100'000),
                             "x = " + repeat("[", 100'000) + repeat("]", 100'000),
                             repeat("a.", 100'000) + "b = 1",
                             "[" + repeat("a.", 100'000) + "b]",
                             "[[" + repeat("'a' . ", 100'000) + "b]]",
                             "x = { " + repeat("\"a\".", 100'000) + "b = 1 }",
                             repeat("x = 1\n", 2'000'000)};
  for (const auto& text : bad) {
    CAPTURE(text.substr(0, 20));
    CHECK_FALSE(read(text).config);
  }
  // Dots in texts and comments are no levels.
  const auto dots =
      read("[mock]\nenabled = true # " + repeat("a.", 1000) + "\n[aliases]\nx = '" + repeat("a.", 200) +
           "'\ny = \"" + repeat("\\\".", 100) + "\"\nz = \"\"\"" + repeat("\"\".", 100) + "\"\"\"\"\"\n");
  CHECK(lines(dots.problems).empty());
  CHECK(dots.config->aliases.at("z") == repeat("\"\".", 100) + "\"\"");
  std::string chain = "[mock]\nenabled = true\n[aliases]\n";
  for (int i = 0; i < 50'000; ++i) chain += "a" + std::to_string(i) + " = 'a" + std::to_string(i + 1) + "'\n";
  CHECK(read(chain).config);
  CHECK(read(chain + "a50000 = 'a0'\n").problems.size() == 1);
}

TEST_CASE("every cut of a config is read to its end or refused with a place") {
  const auto text = source_file("tests/config/spec_example.toml");
  for (size_t i = 0; i < text.size(); i += 3) {
    const auto loaded = read(text.substr(0, i));
    CHECK((loaded.config == nullptr) == any_error(loaded.problems));
  }
}

TEST_CASE("what is shown of a config holds no secret") {
  const std::string text =
      "[server]\nadmin_token = 'hush-1'\n[providers.openai]\nheaders = { 'X-Token' = 'hush-2' }\n"
      "[[providers.openai.keys]]\nname = 'a'\nvalue = 'hush-3'\n[[virtual_keys]]\nname = 'v'\nvalue = "
      "'hush-4'\n"
      "[audit]\nfile = 'a'\nkey = 'hush-5'\n[cluster]\nredis = 'redis://:hush-6@h:1/2'\n"
      "[vault]\naddress = 'http://h'\nauth = { token = 'hush-7' }\n"
      "[[providers.bedrock.keys]]\nname = 'b'\naccess_key = 'hush-8'\nsecret_key = 'hush-9'\n"
      "[[providers.bedrock.keys]]\nname = 'c'\ntenant_id = 't'\nclient_id = 'c'\nclient_secret = 'hush-10'\n";
  const auto loaded = read(text);
  CAPTURE(lines(loaded.problems));
  REQUIRE(loaded.config);
  const auto shown = describe(*loaded.config);
  CHECK(shown.find("hush") == shown.npos);
  CHECK(shown.find(sha256_hex("hush-4")) == shown.npos);
  CHECK(shown.find("X-Token") != shown.npos);
  CHECK(json::Doc::parse(shown));
  const auto doc = json::Doc::parse(shown);
  CHECK(doc->root()["providers"]["openai"]["keys"].at(0)["value"].text() == "***");
  CHECK(doc->root()["server"]["drain"].text() == "25s");
  CHECK(doc->root()["providers"]["openai"]["keys"].at(0)["name"].text() == "a");
}

TEST_CASE("a key's value may be a credential file over several lines; a header's may not") {
  const std::string file = R"({\n  \"type\": \"service_account\"\n}\n)";
  const auto good = read("[providers.openai]\nkeys = [{ name = 'sa', value = \"" + file + "\" }]\n");
  CAPTURE(lines(good.problems));
  REQUIRE(good.config);
  CHECK(good.config->providers[0].keys[0].value.reveal().starts_with("{\n"));
  for (const char* wrong : {"[server]\nadmin_token = \"", "[providers.openai]\nheaders = { 'x' = \""}) {
    const bool table = std::string_view(wrong).find('{') != std::string_view::npos;
    CHECK_FALSE(read(wrong + file + (table ? "\" }\n" : "\"\n")).config);
  }
  CHECK_FALSE(read("[providers.openai]\nkeys = [{ name = 'a', value = \"two\\nlines\" }]\n").config);
}
