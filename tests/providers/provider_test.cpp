#include "providers/provider.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace llmgw;
using namespace llmgw::providers;

namespace {

config::Key key(std::string value, std::string name = "main") {
  config::Key k;
  k.name = std::move(name);
  k.value = Secret(std::move(value));
  return k;
}

config::Provider provider(std::string kind, std::string base_url = "") {
  config::Provider p;
  p.name = kind;
  p.kind = kind;
  p.base_url = std::move(base_url);
  p.keys.push_back(key("sk-0123456789"));
  return p;
}

std::shared_ptr<const Provider> made(const config::Provider& c) {
  auto p = Provider::make(c);
  if (!p) FAIL(p.error().message);
  return *p;
}

std::string refusal(const config::Provider& c) {
  const auto p = Provider::make(c);
  return p ? "" : p.error().message;
}

std::string credential(const Provider& p, Dialect d) {
  net::Headers h;
  p.authorize(h, p.keys().empty() ? nullptr : &p.keys()[0], d);
  std::string out;
  for (const auto field : h) out += std::string(field.name) + "=" + std::string(field.value) + ";";
  return out;
}

}  // namespace

TEST_CASE("paths follow the base URL, with or without the client's version") {
  struct Case {
    std::string_view kind, base_url;
    Dialect dialect;
    std::string_view client, expected;
  };
  using enum Dialect;
  for (const Case& c : std::initializer_list<Case>{
           {"openai", "", openai_chat, "/v1/chat/completions", "/v1/chat/completions"},
           {"openai", "", openai_chat, "", "/v1/chat/completions"},
           {"openai", "", openai_embeddings, "", "/v1/embeddings"},
           {"openai", "", openai_responses, "", "/v1/responses"},
           {"openai", "", openai_other, "/v1/files/f-1/content?a=b", "/v1/files/f-1/content?a=b"},
           {"openai", "https://proxy/x/v1/", openai_chat, "/v1/chat/completions", "/x/v1/chat/completions"},
           {"groq", "", openai_chat, "/v1/chat/completions", "/openai/v1/chat/completions"},
           {"perplexity", "", openai_chat, "/v1/chat/completions", "/chat/completions"},
           {"zhipu", "", openai_chat, "/v1/chat/completions", "/api/paas/v4/chat/completions"},
           {"gemini", "", openai_chat, "/v1/chat/completions", "/v1beta/openai/chat/completions"},
           {"gemini", "https://p/v1beta", openai_chat, "", "/v1beta/openai/chat/completions"},
           {"gemini", "https://p/v1beta/openai", openai_chat, "", "/v1beta/openai/chat/completions"},
           {"gemini", "", gemini_generate, "/v1beta/models/g:generateContent",
            "/v1beta/models/g:generateContent"},
           {"gemini", "", gemini_generate, "", "/v1beta/models/m:generateContent"},
           {"gemini", "", gemini_embed, "", "/v1beta/models/m:batchEmbedContents"},
           {"gemini", "", gemini_embed, ":embedContent", "/v1beta/models/m:embedContent"},
           {"anthropic", "", anthropic_messages, "/v1/messages", "/v1/messages"},
           {"anthropic", "", anthropic_messages, "", "/v1/messages"},
           {"cohere", "", openai_chat, "", "/compatibility/v1/chat/completions"},
           {"cohere", "", cohere_chat, "", "/v2/chat"},
           {"cohere", "", cohere_chat, "/v2/chat", "/v2/chat"},
           {"cohere", "", rerank, "/v1/rerank", "/v2/rerank"},
           {"cohere", "", cohere_embed, "/v2/embed", "/v2/embed"},
           {"cohere", "", openai_embeddings, "", "/compatibility/v1/embeddings"},
           {"vllm", "", rerank, "/v2/rerank", "/v1/rerank"},
           {"ollama", "", openai_chat, "", "/v1/chat/completions"},
           {"ollama", "", ollama_chat, "", "/api/chat"},
           {"ollama", "https://p/x/v1", ollama_chat, "/api/chat", "/x/api/chat"},
           {"ollama", "https://p/x", ollama_chat, "/api/chat", "/x/api/chat"},
           {"openai", "", openai_other, "/v1", "/v1"},
           {"openai", "", openai_other, "/videos", "/v1/videos"},
           {"openai", "", openai_other, "models", "/v1/models"}}) {
    CAPTURE(c.kind);
    CAPTURE(c.client);
    CHECK(made(provider(std::string(c.kind), std::string(c.base_url)))->path(c.dialect, c.client, "m") ==
          c.expected);
  }
}

TEST_CASE("Azure is called by its v1 API, or by deployment when an api_version is set") {
  config::Provider c = provider("azure");
  CHECK(refusal(c).find("endpoint") != std::string::npos);
  c.endpoint = "https://acme.openai.azure.com/";
  CHECK(made(c)->path(Dialect::openai_chat, "/v1/chat/completions", "my gpt") ==
        "/openai/v1/chat/completions");
  c.api_version = "2024-10-21";
  const auto p = made(c);
  CHECK(p->endpoint(Dialect::openai_chat).host == "acme.openai.azure.com");
  CHECK(p->path(Dialect::openai_chat, "/v1/chat/completions", "my gpt") ==
        "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21");
  CHECK(p->path(Dialect::openai_embeddings, "", "e") ==
        "/openai/deployments/e/embeddings?api-version=2024-10-21");
  CHECK(p->path(Dialect::openai_other, "/v1/models?limit=1", "") ==
        "/openai/models?limit=1&api-version=2024-10-21");
  CHECK(credential(*p, Dialect::openai_chat) == "api-key=sk-0123456789;");
}

TEST_CASE("the cloud kinds fill region and project in, or say what is missing") {
  config::Provider bedrock = provider("bedrock");
  CHECK(refusal(bedrock).find("region") != std::string::npos);
  bedrock.region = "eu-west-1";
  const auto b = made(bedrock);
  CHECK(b->endpoint(Dialect::openai_chat).host == "bedrock-runtime.eu-west-1.amazonaws.com");
  CHECK(b->path(Dialect::openai_chat, "", "m") == "/openai/v1/chat/completions");
  CHECK(b->path(Dialect::bedrock_converse, "/model/a%3Ab/converse", "m") == "/model/a%3Ab/converse");
  CHECK(credential(*b, Dialect::openai_chat) == "authorization=Bearer sk-0123456789;");
  CHECK(credential(*b, Dialect::bedrock_converse) == "authorization=Bearer sk-0123456789;");
  CHECK(b->path(Dialect::bedrock_converse, "", "a:b/c", true) == "/model/a%3Ab%2Fc/converse-stream");
  CHECK(b->path(Dialect::bedrock_invoke, "", "m") == "/model/m/invoke");
  CHECK(b->path(Dialect::bedrock_invoke, "", "m", true) == "/model/m/invoke-with-response-stream");

  config::Provider vertex = provider("vertex");
  vertex.region = "us-central1";
  CHECK(refusal(vertex).find("project") != std::string::npos);
  vertex.project = "acme";
  const auto v = made(vertex);
  CHECK(v->path(Dialect::gemini_generate, "", "google/gemini-2.5-pro", true) ==
        "/v1/projects/acme/locations/us-central1/publishers/google/models/"
        "gemini-2.5-pro:streamGenerateContent?alt=sse");
  CHECK(v->path(Dialect::anthropic_messages, "/messages", "claude-sonnet-4-5@20250929") ==
        "/v1/projects/acme/locations/us-central1/publishers/anthropic/models/"
        "claude-sonnet-4-5%4020250929:rawPredict");
  CHECK(v->path(Dialect::anthropic_messages, "", "claude-opus-4-7", true).ends_with(":streamRawPredict"));
  // Each publisher's models in their own dialect.
  CHECK(v->wire(Dialect::openai_chat, "claude-opus-4-7") == Dialect::anthropic_messages);
  CHECK(v->wire(Dialect::gemini_generate, "claude-opus-4-7") == Dialect::anthropic_messages);
  CHECK(v->wire(Dialect::anthropic_messages, "google/gemini-2.5-pro") == Dialect::gemini_generate);
  CHECK(v->wire(Dialect::openai_chat, "meta/llama-4-maas") == Dialect::openai_chat);
  const auto claude = json::Doc::parse(R"({"model":"claude-opus-4-7","max_tokens":1})").value();
  json::Edit edit(claude.root());
  v->adapt(Dialect::anthropic_messages, claude.root(), "claude-opus-4-7", edit);
  CHECK(edit.apply() == R"({"max_tokens":1,"anthropic_version":"vertex-2023-10-16"})");
  CHECK(v->endpoint(Dialect::openai_chat).host == "us-central1-aiplatform.googleapis.com");
  CHECK(v->path(Dialect::openai_chat, "", "m") ==
        "/v1/projects/acme/locations/us-central1/endpoints/openapi/chat/completions");
  CHECK(v->facts("google/gemini-2.5-pro").context == v->facts("gemini-2.5-pro").context);
  CHECK(v->facts("google/gemini-2.5-pro").context > 100'000);
}

TEST_CASE("a model that answers in Responses alone is asked there by every client that can be translated") {
  const auto openai = made(provider("openai"));
  for (const auto client : {Dialect::openai_chat, Dialect::anthropic_messages, Dialect::openai_responses}) {
    CAPTURE(dialects::name(client));
    CHECK(openai->wire(client, "gpt-5-codex") == Dialect::openai_responses);
  }
  CHECK(openai->wire(Dialect::openai_chat, "gpt-4o") == Dialect::openai_chat);
  CHECK(openai->wire(Dialect::anthropic_messages, "gpt-4o") == Dialect::openai_chat);
  CHECK(openai->wire(Dialect::openai_completions, "gpt-5-codex") == Dialect::openai_completions);
  CHECK(made(provider("groq"))->wire(Dialect::openai_chat, "gpt-5-codex") == Dialect::openai_chat);
}

TEST_CASE("Cohere and Ollama are asked in their own words, but for OpenAI's where those lose nothing") {
  const auto cohere = made(provider("cohere")), ollama = made(provider("ollama"));
  for (const auto client : {Dialect::openai_chat, Dialect::anthropic_messages, Dialect::cohere_chat})
    CHECK(cohere->wire(client) == Dialect::cohere_chat);
  CHECK(cohere->wire(Dialect::openai_embeddings) == Dialect::openai_embeddings);
  CHECK(cohere->wire(Dialect::rerank) == Dialect::rerank);
  CHECK_FALSE(made(provider("anthropic"))->wire(Dialect::rerank));
  CHECK_FALSE(made(provider("openai"))->wire(Dialect::cohere_embed));
  CHECK(ollama->wire(Dialect::openai_chat) == Dialect::openai_chat);
  CHECK(ollama->wire(Dialect::ollama_chat) == Dialect::ollama_chat);
  CHECK(ollama->wire(Dialect::anthropic_messages) == Dialect::ollama_chat);
  CHECK(made(provider("groq"))->wire(Dialect::ollama_chat) == Dialect::openai_chat);
}

TEST_CASE("tokens are counted by who speaks the dialect, at a path of their own") {
  const auto claude = made(provider("anthropic"));
  CHECK(claude->wire(Dialect::anthropic_count) == Dialect::anthropic_count);
  CHECK(claude->path(Dialect::anthropic_count, "/messages/count_tokens", "claude-x") ==
        "/v1/messages/count_tokens");
  CHECK_FALSE(made(provider("openai"))->wire(Dialect::anthropic_count));
  const auto gemini = made(provider("gemini"));
  CHECK(gemini->wire(Dialect::gemini_count) == Dialect::gemini_count);
  CHECK(gemini->path(Dialect::gemini_count, "", "gemini-2.5-flash")
            .ends_with("/models/gemini-2.5-flash:countTokens"));
}

TEST_CASE("a key goes on the wire as the dialect's home wants it") {
  CHECK(credential(*made(provider("openai")), Dialect::openai_chat) == "authorization=Bearer sk-0123456789;");
  CHECK(credential(*made(provider("anthropic")), Dialect::openai_chat) ==
        "authorization=Bearer sk-0123456789;");
  CHECK(credential(*made(provider("anthropic")), Dialect::anthropic_messages) ==
        "x-api-key=sk-0123456789;anthropic-version=2023-06-01;");
  CHECK(credential(*made(provider("gemini")), Dialect::openai_chat) == "authorization=Bearer sk-0123456789;");
  CHECK(credential(*made(provider("gemini")), Dialect::gemini_generate) == "x-goog-api-key=sk-0123456789;");
}

TEST_CASE("a client's own credential goes upstream only where forward_auth says so") {
  config::Provider c = provider("openai");
  c.headers = {{"OpenAI-Organization", "org-1"}};
  net::Headers h;
  for (std::string_view name : {"Authorization", "x-api-key", "api-key", "x-goog-api-key"})
    h.add(name, "client");
  const auto p = made(c);
  net::Headers with_key = h;
  p->authorize(with_key, &p->keys()[0]);
  CHECK(with_key.get("authorization") == "Bearer sk-0123456789");
  CHECK(with_key.size() == 2);
  CHECK(with_key.get("openai-organization") == "org-1");

  net::Headers without_key = h;
  p->authorize(without_key, nullptr);
  CHECK(without_key.size() == 1);

  c.forward_auth = true;
  c.keys.clear();
  net::Headers forwarded = h;
  made(c)->authorize(forwarded, nullptr);
  CHECK(forwarded.get("authorization") == "client");
}

TEST_CASE("a provider that cannot work is refused with what, where and what to do") {
  config::Provider c = provider("openai");
  c.at = {7, 1};
  c.kind = "opneai";
  CHECK(refusal(c) == "line 7: provider 'openai': unknown kind 'opneai'; did you mean 'openai'?");
  c.kind = "openai-compatible";
  CHECK(
      refusal(c) ==
      "line 7: provider 'openai': openai-compatible needs base_url = \"https://…/v1\", the version included");
  c.base_url = "https://me:secret@host/v1";
  CHECK(refusal(c).find("may not hold a user or password") != std::string::npos);
  CHECK(refusal(c).find("secret") == std::string::npos);
  c.base_url = "localhost:1234";
  CHECK(refusal(c).find("must begin with https:// or http://") != std::string::npos);

  c = provider("openai");
  c.headers = {{"Bad Name", "x"}};
  CHECK(refusal(c).find("'Bad Name' is no header name") != std::string::npos);
  c.headers = {{"X-A", "a\r\nb"}};
  CHECK(refusal(c).find("'X-A'") != std::string::npos);
  c = provider("openai");
  c.keys[0].value = Secret("sk-secret-value\n");
  CHECK(refusal(c).find("key 'main'") != std::string::npos);
  CHECK(refusal(c).find("secret-value") == std::string::npos);
  c = provider("openai");
  c.errors = {{400, "(", ErrorClass::quota, {12, 1}}};
  CHECK(refusal(c).find("line 12: errors: match '(' is no RE2 pattern") != std::string::npos);
}

TEST_CASE("providers with the system's authorities share one TLS context; plain ones have none") {
  const auto a = made(provider("openai")), b = made(provider("groq"));
  CHECK(a->endpoint().tls != nullptr);
  CHECK(a->endpoint().tls == b->endpoint().tls);
  CHECK(made(provider("ollama"))->endpoint().tls == nullptr);
  config::Provider own = provider("openai");
  own.tls.verify = false;
  CHECK(made(own)->endpoint().tls != a->endpoint().tls);
  own.tls.ca = "/no/such/file.pem";
  CHECK(refusal(own).find("/no/such/file.pem") != std::string::npos);
}

TEST_CASE("a key whose variable is not set is left out, and is missed") {
  config::Provider c = provider("openai");
  config::Key unset = key("", "other");
  unset.unset = true;
  c.keys.push_back(unset);
  CHECK(made(c)->keys().size() == 1);
  c.keys.erase(c.keys.begin());
  CHECK(made(c)->keys().empty());
  CHECK_FALSE(made(c)->keyless());
  c.keys.clear();
  CHECK(made(c)->keyless());
  config::Provider local = provider("ollama");
  local.keys = {unset};
  CHECK(made(local)->keyless());
  CHECK(made(provider("mock"))->keyless());
}

TEST_CASE("a bare model name is served by its vendor, and by whom the config or the facts name") {
  CHECK(made(provider("openai"))->serves("gpt-99"));
  CHECK(made(provider("azure", "https://a/openai/v1"))->serves("gpt-4o"));
  CHECK_FALSE(made(provider("anthropic"))->serves("gpt-4o"));
  CHECK_FALSE(made(provider("openai"))->serves("mine"));
  CHECK_FALSE(made(provider("openai"))->serves(""));
  config::Provider c = provider("openai-compatible", "http://localhost:9/v1");
  CHECK_FALSE(made(c)->serves("mine"));
  c.models["mine"] = {};
  c.keys[0].models = {"ours-*"};
  CHECK(made(c)->serves("mine"));
  CHECK(made(c)->serves("ours-1"));
  CHECK(made(c)->models() == std::vector<std::string>{"mine"});
  CHECK(made(provider("mock"))->serves("fail-429"));
  CHECK_FALSE(made(provider("mock"))->serves("gpt-4o"));
  CHECK(made(provider("mock"))->models().size() == 19);
  const auto listed = made(provider("openai"))->models();
  CHECK(std::ranges::is_sorted(listed));
  CHECK(std::ranges::find(listed, "gpt-4o") != listed.end());
}

TEST_CASE("a body loses what a provider refuses and keeps every other byte") {
  struct Case {
    std::string_view kind, model, body, expected;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"mistral", "m", R"({"a": 1, "max_completion_tokens" : 5,"store":true,"seed":7})",
            R"({"a": 1, "max_tokens" : 5,"random_seed":7})"},
           {"mistral", "m", R"({"max_tokens":3,"max_completion_tokens":5})", R"({"max_tokens":3})"},
           {"mistral", "m", R"({"stream":true,"stream_options":{"include_usage":true}})",
            R"({"stream":true})"},
           {"openai", "gpt-4o", R"({"max_tokens":5,"seed":7})", ""},
           {"openai", "o3", R"({"max_tokens":5})", R"({"max_completion_tokens":5})"},
           {"cerebras", "x", R"({"frequency_penalty":0,"n":1})", R"({"n":1})"}}) {
    CAPTURE(c.body);
    dialects::Request request;
    request.body = c.body;
    request.doc = *json::Doc::parse(request.body);
    json::Edit edit(request.doc->root());
    made(provider(std::string(c.kind)))->adapt(request.dialect, request.doc->root(), c.model, edit);
    CHECK((edit.empty() ? "" : edit.apply()) == c.expected);
  }
}

TEST_CASE("what the gateway would add is not sent to a provider that refuses it") {
  dialects::Request request;
  request.body = R"({"stream":true})";
  request.doc = *json::Doc::parse(request.body);
  json::Edit edit(request.doc->root());
  edit.set("stream_options", R"({"include_usage":true})");
  made(provider("mistral"))->adapt(request.dialect, request.doc->root(), "m", edit);
  CHECK(edit.apply() == R"({"stream":true})");
}

TEST_CASE("an error object as text is classified, whatever the text") {
  const auto p = made(provider("openai"));
  const WallTime now{};
  CHECK(p->classify_object(R"({"message":"no","code":"insufficient_quota"})", {}, now).error_class ==
        ErrorClass::quota);
  CHECK(p->classify_object("oops", {}, now).error_class == ErrorClass::invalid_response);
  net::Headers h;
  h.add("retry-after", "3");
  CHECK(p->classify_object(R"({"code":"rate_limit_exceeded"})", h, now).retry_after == Duration(3s));
}

TEST_CASE("timeouts are the config's, else the kind's, and thinking models get patience") {
  config::Provider c = provider("openai");
  CHECK(made(c)->timeouts("gpt-4o").first_token == Duration(60s));
  CHECK(made(c)->timeouts("o3").first_token == Duration(180s));
  CHECK(made(c)->timeouts("o3").connect == Duration(5s));
  CHECK(made(c)->timeouts("o3").total == Duration(600s));
  CHECK(made(provider("ollama"))->timeouts("x").idle == Duration(180s));
  c.timeouts.first_token = 9s;
  CHECK(made(c)->timeouts("o3").first_token == Duration(9s));
  CHECK(made(c)->timeouts("o3").idle == Duration(180s));
}

TEST_CASE("facts are the config's, else of the model it is, else the import's, else the catalog's") {
  config::Provider c = provider("openai");
  c.models["ft:gpt-4o:acme"].is = "gpt-4o";
  c.models["tiny"].is = "gpt-4o-mini";
  c.models["tiny"].context = 1000;
  c.models["tiny"].vision = false;
  c.models["claude"].is = "anthropic/claude-sonnet-4-5";
  const auto p = made(c);
  CHECK(p->facts("gpt-4o").context == 128000);
  CHECK(p->facts("gpt-4o").vision == true);
  CHECK(p->facts("ft:gpt-4o:acme").context == 128000);
  CHECK(p->facts("ft:gpt-4o:acme").model == "ft:gpt-4o:acme");
  CHECK(p->price("ft:gpt-4o:acme").rates.input == PicoUsd{2'500'000});
  CHECK(p->facts("tiny").context == 1000);
  CHECK(p->facts("tiny").vision == false);
  CHECK(p->facts("tiny").tools == true);
  CHECK(p->facts("claude").context == 200000);
  CHECK_FALSE(p->price("claude").known());
  CHECK(p->facts("nobody").context == std::nullopt);
  CHECK_FALSE(p->facts("nobody").vision);
  CHECK_FALSE(p->price("nobody").known());

  ModelRow row{"openai", "gpt-4o", "gpt-4o", "c", {}};
  row.numbers.fill(-1);
  row.numbers[0] = 42;
  const auto imported = std::make_shared<const ModelTable>(std::vector{row});
  CHECK((*Provider::make(c, imported))->facts("gpt-4o").context == 42);
}

TEST_CASE("a configured price wins by its first glob; local kinds cost nothing") {
  config::Provider c = provider("openai");
  config::Price dear, cheap;
  dear.input = PicoUsd{9};
  dear.output = PicoUsd{9};
  cheap.input = PicoUsd{1};
  c.prices = {{"gpt-4o", dear}, {"gpt-4*", cheap}};
  const auto p = made(c);
  CHECK(p->price("gpt-4o").rates.input == PicoUsd{9});
  CHECK(p->price("gpt-4.1").rates.input == PicoUsd{1});
  CHECK_FALSE(p->price("gpt-4.1").known());
  CHECK(p->price("o3").rates.input == PicoUsd{2'000'000});
  CHECK(made(provider("ollama"))->price("anything") == free_of_charge());
  CHECK(made(provider("mock"))->price("echo") == free_of_charge());
}

TEST_CASE("a key of one cloud at another's provider is refused, and says whose it is") {
  config::Provider openai = provider("openai");
  openai.keys[0].value = Secret();
  openai.keys[0].tenant_id = "t";
  CHECK(refusal(openai).find("key 'main': tenant_id, client_id and client_secret are for azure") !=
        std::string::npos);
  openai.keys[0].tenant_id.clear();
  openai.keys[0].profile = "work";
  CHECK(refusal(openai).find("access_key, profile and role_arn are for bedrock") != std::string::npos);

  config::Provider vertex = provider("vertex");
  vertex.region = "global";
  vertex.project = "acme";
  vertex.keys[0].value = Secret("/etc/google/account.json");
  CHECK(refusal(vertex).find("write value = \"file:PATH\"") != std::string::npos);
  vertex.keys[0].value = Secret("{\"type\":\"service_account\"}");
  CHECK(refusal(vertex).find("'client_email'") != std::string::npos);
  vertex.keys[0].value = Secret("two\nlines");
  CHECK(refusal(vertex).find("neither an access token nor a credential file") != std::string::npos);
}

TEST_CASE("Vertex's locations that are no region have hosts of their own") {
  config::Provider vertex = provider("vertex");
  vertex.project = "acme";
  for (const auto& [region, host] :
       {std::pair("global", "aiplatform.googleapis.com"), std::pair("us", "aiplatform.us.rep.googleapis.com"),
        std::pair("eu", "aiplatform.eu.rep.googleapis.com"),
        std::pair("us-east5", "us-east5-aiplatform.googleapis.com")}) {
    vertex.region = region;
    const auto made_one = made(vertex);
    CHECK(made_one->endpoint(Dialect::gemini_generate).host == host);
    CHECK(made_one->path(Dialect::openai_chat, "", "m") ==
          "/v1/projects/acme/locations/" + std::string(region) + "/endpoints/openapi/chat/completions");
  }
}
