#include "providers/model_name.h"

#include <re2/re2.h>

#include <memory>
#include <vector>

#include "base/text.h"

namespace llmgw::providers {
namespace {

struct Step {
  const char* pattern;
  const char* replacement;
};

// In this order, each once unless it says otherwise.
constexpr Step kSteps[] = {
    // Bedrock: region, vendor and API version.
    {"^(?:us-gov|us|eu|apac|au|jp|ca|global)\\.([a-z0-9]+\\.)", "\\1"},
    {"^(?:deepseek)\\.(.*)$", "deepseek-\\1"},
    {"^(?:anthropic|meta|amazon|mistral|openai|qwen|cohere|ai21|moonshotai|moonshot|minimax|zai|writer|"
     "google|nvidia)"
     "\\.(.*?)(?:-(?:v?[0-9]+(?::[0-9]+[0-9a-z]*)?))?$",
     "\\1"},
    {"@.*$", ""},                                 // Vertex: @20250929
    {":latest$", ""},                             // Ollama
    {":free$", ""},                               // OpenRouter
    {":", "-"},                                   // Ollama: llama3.3:70b
    {"([0-9])p([0-9])", "\\1.\\2"},               // Fireworks: v3p3
    {"-20[0-9]{2}-?[01][0-9]-?[0-3][0-9]$", ""},  // -20250929, -2025-09-29
    {"-latest$", ""},
    {"-maas$", ""},  // Vertex
    {"-(?:fp8|fp4|bf16|awq|hf)$", ""},
    {"-instruct-turbo$", "-instruct"},
    {"^((?:deepseek|gpt-oss).*)-turbo$", "\\1"},
    {"-versatile$", ""},
    {"^(llama.*)-instant$", "\\1"},
    {"-instruct(?:-basic)?$", ""},
    {"^(gemma.*)-it$", "\\1"},
    {"^meta-llama", "llama"},
    {"^llama-?v?([0-9])", "llama-\\1"},
    {"^llama-([0-9])-([0-9])-", "llama-\\1.\\2-"},
    {"^(llama-4-[a-z]+)(?:-17b)?(?:-[0-9]+e)?(?:-instruct)?$", "\\1"},
    {"^gpt-35", "gpt-3.5"},
    {"^(claude.*[0-9])\\.([0-9])", "\\1-\\2"},  // OpenRouter: claude-sonnet-4.5
    {"^(glm|qwen)-?([0-9])", "\\1-\\2"},
};

struct Compiled {
  std::unique_ptr<RE2> pattern;
  const char* replacement;
};

const std::vector<Compiled>& steps() {
  static const std::vector<Compiled> all = [] {
    std::vector<Compiled> out;
    for (const Step& s : kSteps) out.push_back({std::make_unique<RE2>(s.pattern, RE2::Quiet), s.replacement});
    return out;
  }();
  return all;
}

}  // namespace

std::string canonical_model(std::string_view model) {
  std::string name = to_lower(model.substr(model.rfind('/') + 1));
  for (const Compiled& s : steps()) RE2::Replace(&name, *s.pattern, s.replacement);
  return name;
}

}  // namespace llmgw::providers
