#include "service/client_environment.h"

#include <array>

#include "service/face.h"

namespace llmgw::service {
namespace {

struct Variable {
  std::string_view name, path;
  std::string_view probe;  // a path that its face must serve
};

constexpr std::array<Variable, 7> kVariables = {{
    {"OPENAI_BASE_URL", "/v1", "/v1/chat/completions"},
    {"OPENAI_API_BASE", "/v1", "/v1/chat/completions"},
    {"AZURE_OPENAI_ENDPOINT", "", "/openai/deployments/d/chat/completions"},
    {"ANTHROPIC_BASE_URL", "/anthropic", "/anthropic/v1/messages"},
    {"GOOGLE_GEMINI_BASE_URL", "/genai", "/genai/v1beta/models/m:generateContent"},
    {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "/bedrock", "/bedrock/model/m/converse"},
    {"CO_API_URL", "/cohere", "/cohere/v2/chat"},
}};

}  // namespace

std::vector<std::pair<std::string, std::string>> client_environment(const std::string& origin) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& v : kVariables) {
    if (find_face(v.probe)) out.emplace_back(v.name, origin + std::string(v.path));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> placeholder_keys() {
  std::vector<std::pair<std::string, std::string>> out{{"OPENAI_API_KEY", "llmgw"}};
  if (find_face("/anthropic/v1/messages")) out.emplace_back("ANTHROPIC_API_KEY", "llmgw");
  if (find_face("/genai/v1beta/models/m:generateContent")) out.emplace_back("GEMINI_API_KEY", "llmgw");
  if (find_face("/cohere/v2/chat")) out.emplace_back("CO_API_KEY", "llmgw");
  return out;
}

}  // namespace llmgw::service
