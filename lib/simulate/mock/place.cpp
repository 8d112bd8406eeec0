#include <array>

#include "base/text.h"
#include "simulate/mock/call.h"

namespace llmgw::simulate {
namespace {

// The model between "/models/" and ":verb", or "/model/" and "/verb", decoded once.
std::optional<std::string> between(std::string_view path, std::string_view before, size_t end) {
  const size_t at = path.rfind(before, end);
  if (at == std::string_view::npos || at + before.size() > end) return std::nullopt;
  return percent_decoded(path.substr(at + before.size(), end - at - before.size()));
}

bool gemini(std::string_view path, Place& place) {
  const size_t models = path.rfind("/models");
  if (models == std::string_view::npos) return false;
  const size_t colon = path.rfind(':');
  if (colon == std::string_view::npos || colon < models) {
    if (path.find("/v1beta") == std::string_view::npos) return false;
    place.vendor = Vendor::gemini;
    place.path = path.substr(models);
    return true;
  }
  place.vendor = Vendor::gemini;
  place.path = path.substr(colon);
  place.model = between(path, "/models/", colon);
  place.stream = place.path == ":streamGenerateContent";
  if (place.stream || place.path == ":generateContent") place.speech = &generate_speech();
  return true;
}

bool bedrock(std::string_view path, Place& place) {
  const size_t verb = path.rfind('/');
  const auto name = path.substr(verb);
  if (name != "/converse" && name != "/converse-stream") return false;
  place.vendor = Vendor::bedrock;
  place.path = name;
  place.model = between(path, "/model/", verb);
  place.stream = name == "/converse-stream";
  place.speech = &converse_speech();
  return true;
}

bool ollama(std::string_view path, Place& place) {
  if (!path.ends_with("/api/chat")) return false;
  place.vendor = Vendor::ollama;
  place.path = "/api/chat";
  place.speech = &ollama_speech();
  return true;
}

bool cohere(std::string_view path, Place& place) {
  const size_t verb = path.rfind('/');
  const auto name = path.substr(verb);
  if (name != "/chat" && name != "/rerank" && name != "/embed") return false;
  place.vendor = Vendor::cohere;
  place.path = name;
  if (name == "/chat") place.speech = &cohere_speech();
  return true;
}

bool anthropic(const net::HttpRequest& request, std::string_view path, Place& place) {
  const size_t at = path.rfind("/messages");
  if (at != std::string_view::npos && path.find("/threads/") == std::string_view::npos) {
    place.vendor = Vendor::anthropic;
    place.path = path.substr(at);
    if (place.path == "/messages") place.speech = &messages_speech();
    return true;
  }
  if (!request.headers.has("anthropic-version")) return false;
  place.vendor = Vendor::anthropic;
  const size_t models = path.find("/models");
  place.path = models == std::string_view::npos ? path : path.substr(models);
  return true;
}

}  // namespace

Place find_place(const net::HttpRequest& request) {
  auto path = request.path();
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  Place place;
  if (path.empty() || path[0] != '/') return place;
  if (anthropic(request, path, place) || gemini(path, place) || bedrock(path, place) || ollama(path, place) ||
      cohere(path, place))
    return place;

  if (path.ends_with("/chat/completions")) {
    place.speech = &chat_speech();
  } else if (path.ends_with("/completions")) {
    place.speech = &completions_speech();
  } else if (path.ends_with("/responses")) {
    place.speech = &responses_speech();
  }
  // What stands before the API's own path is a prefix: "/v1", "/openai", "/openai/deployments/NAME".
  if (const size_t deployments = path.find("/deployments/"); deployments != std::string_view::npos) {
    const auto name = path.substr(deployments + 13);
    place.model = percent_decoded(name.substr(0, name.find('/')));
  }
  static constexpr std::array<std::string_view, 7> kRoots = {
      "/embeddings", "/moderations", "/images", "/audio", "/files", "/batches", "/models"};
  for (const auto root : kRoots) {
    if (const size_t at = path.find(root); at != std::string_view::npos) {
      place.path = path.substr(at);
      break;
    }
  }
  return place;
}

}  // namespace llmgw::simulate
