#include "service/face.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace llmgw::service {
namespace {

using dialects::Dialect;

// Takes `prefix` and what follows it up to the next '/' boundary off `path`.
bool take(std::string_view& path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  const auto rest = path.substr(prefix.size());
  if (!rest.empty() && rest[0] != '/') return false;
  path = rest;
  return true;
}

// The families of OpenAI's paths (https://platform.openai.com/docs/api-reference).
constexpr std::array<std::string_view, 21> kFamilies = {"/chat/completions",
                                                        "/completions",
                                                        "/responses",
                                                        "/embeddings",
                                                        "/models",
                                                        "/images",
                                                        "/audio",
                                                        "/moderations",
                                                        "/files",
                                                        "/uploads",
                                                        "/batches",
                                                        "/fine_tuning",
                                                        "/vector_stores",
                                                        "/assistants",
                                                        "/threads",
                                                        "/conversations",
                                                        "/containers",
                                                        "/evals",
                                                        "/videos",
                                                        "/realtime",
                                                        "/rerank"};

Dialect dialect_of(std::string_view path) {
  if (path == "/chat/completions") return Dialect::openai_chat;
  if (path == "/completions") return Dialect::openai_completions;
  if (path == "/responses") return Dialect::openai_responses;
  if (path == "/embeddings") return Dialect::openai_embeddings;
  if (path == "/rerank") return Dialect::rerank;
  return Dialect::openai_other;
}

// Whether a segment is "." or "..", also percent-encoded: what stands above a provider's base URL is not for
// our clients, and its key would go along.
bool climbs(std::string_view path) {
  if (path.find('%') == std::string_view::npos && path.find("/.") == std::string_view::npos) return false;
  const auto decoded = percent_decoded(path);
  if (!decoded || !printable(*decoded)) return true;
  const auto segments = split(*decoded, '/');
  return std::ranges::any_of(segments, [](std::string_view s) { return s == "." || s == ".."; });
}

// Where the call begins behind "/NAME": the SDKs put the deployment in as it is, so that a target
// "provider/model" brings a '/' of its own.
size_t find_call(std::string_view path) {
  if (path.size() < 2 || path[1] == '/') return std::string_view::npos;
  for (size_t slash = path.find('/', 2); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    for (const std::string_view call :
         {"/chat/completions", "/completions", "/embeddings", "/audio", "/images"}) {
      auto rest = path.substr(slash);
      if (take(rest, call)) return slash;
    }
  }
  return std::string_view::npos;
}

// Anthropic's (https://docs.anthropic.com/en/api): below its version.
std::optional<Face> anthropic_face(std::string_view path) {
  Face face{.dialect = Dialect::anthropic_messages};
  if (path == "/messages") {
    face.path = path;
  } else if (path == "/messages/count_tokens") {
    face.path = path;
    face.call = Face::Call::count_tokens;
  } else if (take(path, "/models")) {
    face.call = Face::Call::models;
    if (!path.empty()) face.model = percent_decoded(path.substr(1)).value_or("");
  } else {
    return std::nullopt;
  }
  return face;
}

constexpr std::array<std::string_view, 5> kGeminiVerbs = {
    "generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"};

// Gemini's (https://ai.google.dev/api): "/models/M:verb", where M may be "provider/model" and hold ':'
// itself. The AI SDK leaves "/models" out before a name with a '/' (@ai-sdk/google 4.0.121, getModelPath).
std::optional<Face> gemini_face(std::string_view path) {
  const bool models = take(path, "/models");
  Face face{.dialect = Dialect::gemini_generate};
  const size_t colon = path.rfind(':');
  const auto verb = colon == std::string_view::npos ? std::string_view() : path.substr(colon + 1);
  if (!models && std::ranges::find(kGeminiVerbs, verb) == kGeminiVerbs.end()) return std::nullopt;
  const auto model = path.empty() ? std::optional(std::string()) : percent_decoded(path.substr(1, colon - 1));
  if (!model || !printable(*model)) return std::nullopt;
  face.model = *model;
  if (verb == "generateContent" || verb == "streamGenerateContent") {
    face.stream = verb == "streamGenerateContent";
  } else if (verb == "countTokens") {
    face.call = Face::Call::count_tokens;
  } else if (verb == "embedContent" || verb == "batchEmbedContents") {
    face.dialect = Dialect::gemini_embed;
    face.path = ":" + std::string(verb);
  } else {
    face.call = Face::Call::models;
    face.model = path.empty() ? "" : percent_decoded(path.substr(1)).value_or("");
  }
  return face;
}

// Bedrock's (docs.aws.amazon.com, "Amazon Bedrock Runtime"): "/model/ID/verb", ID percent-encoded whole.
std::optional<Face> bedrock_face(std::string_view path) {
  if (!take(path, "/model") || path.empty()) return std::nullopt;
  Face face{.dialect = Dialect::bedrock_converse};
  const size_t slash = path.rfind('/');
  const auto verb = path.substr(slash + 1);
  const auto model = slash == 0 ? std::nullopt : percent_decoded(path.substr(1, slash - 1));
  if (!model || model->empty() || !printable(*model)) return std::nullopt;
  face.model = *model;
  if (verb == "converse" || verb == "converse-stream") {
    face.stream = verb == "converse-stream";
  } else if (verb == "invoke" || verb == "invoke-with-response-stream") {
    face.dialect = Dialect::bedrock_invoke;
    face.stream = verb == "invoke-with-response-stream";
  } else {
    return std::nullopt;
  }
  return face;
}

// Cohere's (https://docs.cohere.com/reference/about), its version included.
std::optional<Face> cohere_face(std::string_view path) {
  Face face{.dialect = Dialect::cohere_chat};
  if (path == "/v2/chat") {
    face.path = path;
  } else if (path == "/v2/embed") {
    face.dialect = Dialect::cohere_embed;
    face.path = path;
  } else if (path == "/v2/rerank" || path == "/v1/rerank") {
    face.dialect = Dialect::rerank;
    face.path = path;
  } else if (take(path, "/v1/models")) {
    face.call = Face::Call::models;
    if (!path.empty()) face.model = percent_decoded(path.substr(1)).value_or("");
  } else {
    return std::nullopt;
  }
  return face;
}

// Ollama's (https://github.com/ollama/ollama/blob/main/docs/api.md). At its root /api is ours.
std::optional<Face> ollama_face(std::string_view path) {
  Face face{.dialect = Dialect::ollama_chat};
  if (path == "/api/chat") {
    face.path = path;
  } else if (path == "/api/tags") {
    face.call = Face::Call::models;
  } else {
    return std::nullopt;
  }
  return face;
}

// The shapes that are told apart by their paths alone.
std::optional<Face> native_face(std::string_view path) {
  auto rest = path;
  if (path.starts_with("/v2/") || path == "/v1/rerank") return cohere_face(path);
  if (take(rest, "/v1beta") || take(rest, "/v1alpha")) return gemini_face(rest);
  if (take(rest, "/v1") && rest.starts_with("/messages")) return anthropic_face(rest);
  if (path.starts_with("/model/")) return bedrock_face(path);
  return std::nullopt;
}

}  // namespace

std::optional<Face> find_face(std::string_view path) {
  if (climbs(path)) return std::nullopt;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  // A segment that climbs would be forwarded below a provider's own prefix, with our key.
  for (auto segment : split(path, '/')) {
    const auto plain = percent_decoded(segment);
    if (!plain || *plain == "." || *plain == "..") return std::nullopt;
  }
  bool framework = false;
  for (const std::string_view prefix : {"/litellm", "/langchain", "/pydanticai"}) {
    if (take(path, prefix)) {
      framework = true;
      break;
    }
  }
  if (take(path, "/anthropic")) {
    take(path, "/v1");
    return anthropic_face(path);
  }
  if (take(path, "/genai")) {
    if (!take(path, "/v1beta") && !take(path, "/v1alpha")) take(path, "/v1");
    return gemini_face(path);
  }
  if (take(path, "/bedrock")) return bedrock_face(path);
  if (take(path, "/cohere")) return cohere_face(path);
  if (take(path, "/ollama")) return path.starts_with("/v1/") ? find_face(path) : ollama_face(path);
  const bool native =
      framework || path.starts_with("/v1/messages") || path == "/v1/rerank" || path.starts_with("/v2/");
  if (auto face = native ? native_face(path) : std::nullopt) return face;

  const bool prefixed = framework || take(path, "/openai");
  Face face;
  if (prefixed) {
    take(path, "/openai");  // Azure clients append their own
    if (take(path, "/deployments")) {
      const size_t call = find_call(path);
      if (call == std::string_view::npos) return std::nullopt;
      const auto decoded = percent_decoded(path.substr(1, call - 1));
      if (!decoded || !printable(*decoded)) return std::nullopt;
      face.model = *decoded;
      path.remove_prefix(call);
    }
  }
  if (!take(path, "/v1") && !prefixed) return std::nullopt;
  bool known = false;
  for (const auto family : kFamilies) {
    auto rest = path;
    known = known || take(rest, family);
  }
  if (!known) return std::nullopt;
  face.path = path;
  face.dialect = dialect_of(path);
  if (path == "/models" || path.starts_with("/models/")) {
    face.call = Face::Call::models;
    if (path.size() > 8) face.model = percent_decoded(path.substr(8)).value_or("");
  }
  return face;
}

}  // namespace llmgw::service
