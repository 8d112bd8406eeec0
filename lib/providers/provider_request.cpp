// What a request to a provider looks like: path, credentials, body.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialects/codec.h"
#include "providers/provider.h"

namespace llmgw::providers {
namespace {

constexpr std::array<std::string_view, 4> kCredentials = {"authorization", "api-key", "x-api-key",
                                                          "x-goog-api-key"};

// "/v1/chat" -> "/chat", "/v1beta/models" -> "/models"; a path without a version stays.
std::string_view without_version(std::string_view path) {
  if (!path.starts_with("/v")) return path;
  size_t end = 2;
  while (end < path.size() && path[end] >= '0' && path[end] <= '9') ++end;
  if (end == 2) return path;
  while (end < path.size() && path[end] != '/' && path[end] != '?') {
    const char c = lower(path[end]);
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) return path;
    ++end;
  }
  return path.substr(end);
}

std::string_view usual_path(Dialect d) {
  switch (d) {
    case Dialect::openai_chat: return "/chat/completions";
    case Dialect::openai_completions: return "/completions";
    case Dialect::openai_responses: return "/responses";
    case Dialect::openai_embeddings: return "/embeddings";
    case Dialect::anthropic_messages: return "/messages";
    case Dialect::anthropic_count: return "/messages/count_tokens";
    case Dialect::cohere_chat: return "/chat";
    case Dialect::cohere_embed: return "/embed";
    case Dialect::rerank: return "/rerank";
    case Dialect::ollama_chat: return "/api/chat";
    default: return "";
  }
}

// What Azure serves below a deployment (learn.microsoft.com, "Azure OpenAI REST API reference"); everything
// else lives right under /openai.
bool per_deployment(std::string_view path) {
  return path.starts_with("/chat/") || path.starts_with("/completions") || path.starts_with("/embeddings") ||
         path.starts_with("/audio/") || path.starts_with("/images/");
}

}  // namespace

bool Provider::own(Dialect d) const {
  return speaks(d) && d >= Dialect::anthropic_messages;
}

// Vertex has Gemini's models in their dialect, Claude's in theirs, and the others in OpenAI's
// (https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/use-partner-models).
bool Provider::speaks_for(Dialect d, std::string_view model) const {
  if (!speaks(d) || kind() != "vertex" || model.empty()) return speaks(d);
  const bool claude = icontains(model, "claude"), gemini = icontains(model, "gemini");
  if (d == Dialect::anthropic_messages) return claude;
  if (d == Dialect::gemini_generate) return gemini;
  return !claude;
}

std::optional<Dialect> Provider::wire(Dialect client, std::string_view model) const {
  const auto* codec = dialects::codec(client);
  if (codec != nullptr && codec->embeddings() != nullptr) {
    if (speaks_for(client, model) && !row_->imitates) return client;
    for (const Dialect d : {Dialect::gemini_embed, Dialect::openai_embeddings}) {
      if (speaks_for(d, model)) return d;
    }
    return std::nullopt;
  }
  const bool translatable = codec != nullptr && codec->translation() != nullptr;
  auto translates_to = [&](Dialect d) {
    const auto* other = dialects::codec(d);
    return translatable && speaks_for(d, model) && other != nullptr && other->translation() != nullptr;
  };
  if (client != Dialect::openai_responses && !model.empty() && translates_to(Dialect::openai_responses) &&
      facts(model).responses_only) {
    return Dialect::openai_responses;
  }
  if (speaks_for(client, model) && !(row_->imitates && client == Dialect::openai_chat)) return client;
  for (const Dialect own : {Dialect::anthropic_messages, Dialect::gemini_generate, Dialect::bedrock_converse,
                            Dialect::cohere_chat, Dialect::ollama_chat}) {
    if (translates_to(own)) return own;
  }
  if (speaks_for(client, model)) return client;
  for (const Dialect d : row_->dialects.list()) {
    if (translates_to(d)) return d;
  }
  return std::nullopt;
}

std::string Provider::path(Dialect d, std::string_view client_path, std::string_view model,
                           bool stream) const {
  const size_t mark = client_path.find('?');
  std::string_view route = without_version(client_path.substr(0, mark));
  std::string query(mark == std::string_view::npos ? std::string_view() : client_path.substr(mark));
  std::string named;  // a path with the model in it
  // https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
  const bool vertex = kind() == "vertex";
  const std::string models = vertex ? "/publishers/google/models/" : "/models/";
  if (vertex && own_dialect(d) && model.starts_with(row_->model_prefix))
    model.remove_prefix(row_->model_prefix.size());
  if (d == Dialect::gemini_generate && route.empty()) {
    // https://ai.google.dev/api/generate-content
    named = models + percent_encoded(model) + (stream ? ":streamGenerateContent" : ":generateContent");
    if (stream) query = "?alt=sse";
    route = named;
  } else if (d == Dialect::gemini_count && route.empty()) {
    named = models + percent_encoded(model) + ":countTokens";
    route = named;
  } else if (d == Dialect::gemini_embed && (route.empty() || route.starts_with(':'))) {
    // https://ai.google.dev/api/embeddings
    named = models + percent_encoded(model);
    named += route.empty() ? ":batchEmbedContents" : route;
    route = named;
  } else if (vertex && d == Dialect::anthropic_messages) {
    // anthropic-sdk-python 2.12.0, lib/vertex/_client.py
    named = "/publishers/anthropic/models/" + percent_encoded(model) +
            (stream ? ":streamRawPredict" : ":rawPredict");
    route = named;
  } else if (d == Dialect::bedrock_converse && route.empty()) {
    // https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
    named = "/model/" + percent_encoded(model) + (stream ? "/converse-stream" : "/converse");
    route = named;
  } else if (d == Dialect::bedrock_invoke && route.empty()) {
    named = "/model/" + percent_encoded(model) + (stream ? "/invoke-with-response-stream" : "/invoke");
    route = named;
  }
  if (route.empty()) route = usual_path(d);

  std::string out = endpoint(d).prefix;
  // Ollama's own API stands beside its /v1.
  if (d == Dialect::ollama_chat && out.ends_with("/v1")) out.resize(out.size() - 3);
  if (deployments_) {
    if (per_deployment(route)) out += "/deployments/" + percent_encoded(model);
    query += (query.empty() ? "?" : "&") + ("api-version=" + percent_encoded(config_.api_version));
  }
  if (!route.empty() && !route.starts_with('/')) out += '/';
  return out.append(route).append(query);
}

void Provider::authorize(net::Headers& headers, const config::Key* key, Dialect d) const {
  if (key != nullptr || !config_.forward_auth) {
    for (std::string_view name : kCredentials) headers.remove(name);
  }
  // A credential file's content is no value to send: sign() adds what it buys.
  if (key != nullptr && !key->value.empty() && source_of(key) == nullptr) {
    const std::string value(key->value.reveal());
    const bool openai_home = !own_dialect(d) && !row_->openai_url.empty();
    switch (openai_home ? row_->openai_auth : row_->auth) {
      case AuthScheme::api_key: headers.set("api-key", value); break;
      case AuthScheme::x_api_key: headers.set("x-api-key", value); break;
      case AuthScheme::x_goog_api_key: headers.set("x-goog-api-key", value); break;
      case AuthScheme::sigv4:  // a Bedrock API key; other keys sign
      case AuthScheme::none:
      case AuthScheme::bearer:
      case AuthScheme::google_oauth: headers.set("authorization", "Bearer " + value); break;
    }
  }
  if (dialects::counted(d) == Dialect::anthropic_messages && !headers.has("anthropic-version")) {
    headers.set("anthropic-version", "2023-06-01");
  }
  for (const auto& [name, value] : config_.headers) headers.set(name, value);
}

// Claude at Google's.
bool Provider::on_vertex(Dialect d) const {
  return d == Dialect::anthropic_messages && kind() == "vertex";
}

bool Provider::adapts(Dialect d) const {
  const Quirks& q = row_->quirks;
  return on_vertex(d) || (d == Dialect::openai_chat &&
                          (!q.refused().empty() || !q.stream_options || q.thinkers_rename_max_tokens));
}

void Provider::adapt(Dialect d, json::Value body, std::string_view model, json::Edit& edit) const {
  if (!adapts(d)) return;
  if (on_vertex(d)) {  // the path has the model, the body the version
    edit.remove("model");
    if (!body["anthropic_version"]) edit.set("anthropic_version", "\"vertex-2023-10-16\"");
    return;
  }
  auto rename = [&](std::string_view field, std::string_view to) {
    if (!body[field]) return;
    if (to.empty() || body[to]) {
      edit.remove(field);
    } else {
      edit.rename(field, to);
    }
  };
  const Quirks& q = row_->quirks;
  for (const FieldRule& rule : q.refused()) rename(rule.field, rule.rename);
  if (!q.stream_options) edit.remove("stream_options");
  if (q.thinkers_rename_max_tokens && facts(model).reasoning.value_or(false)) {
    rename("max_tokens", "max_completion_tokens");
  }
}

}  // namespace llmgw::providers
