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
constexpr std::array<std::string_view, 20> kFamilies = {
    "/chat/completions", "/completions", "/responses",     "/embeddings", "/models",
    "/images",           "/audio",       "/moderations",   "/files",      "/uploads",
    "/batches",          "/fine_tuning", "/vector_stores", "/assistants", "/threads",
    "/conversations",    "/containers",  "/evals",         "/videos",     "/realtime"};

Dialect dialect_of(std::string_view path) {
  if (path == "/chat/completions") return Dialect::openai_chat;
  if (path == "/completions") return Dialect::openai_completions;
  if (path == "/responses") return Dialect::openai_responses;
  if (path == "/embeddings") return Dialect::openai_embeddings;
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

}  // namespace

std::optional<Face> find_face(std::string_view path) {
  if (climbs(path)) return std::nullopt;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  bool prefixed = false;
  for (const std::string_view prefix : {"/openai", "/litellm", "/langchain", "/pydanticai"}) {
    if (take(path, prefix)) {
      prefixed = true;
      break;
    }
  }
  // A segment that climbs would be forwarded below a provider's own prefix, with our key.
  for (auto segment : split(path, '/')) {
    const auto plain = percent_decoded(segment);
    if (!plain || *plain == "." || *plain == "..") return std::nullopt;
  }
  Face face;
  if (prefixed) {
    take(path, "/openai");  // Azure clients append their own
    if (take(path, "/deployments")) {
      const size_t call = find_call(path);
      if (call == std::string_view::npos) return std::nullopt;
      const auto decoded = percent_decoded(path.substr(1, call - 1));
      if (!decoded || !printable(*decoded)) return std::nullopt;
      face.deployment = *decoded;
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
  return face;
}

std::string_view unbuilt_face(std::string_view path) {
  if (path.starts_with("/anthropic") || path.starts_with("/v1/messages")) return "Anthropic";
  if (path.starts_with("/genai")) return "Google GenAI";
  if (path.starts_with("/bedrock")) return "AWS Bedrock";
  return {};
}

}  // namespace llmgw::service
