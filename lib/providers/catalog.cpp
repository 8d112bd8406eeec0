#include "providers/catalog.h"

#include "base/glob.h"
#include "base/nearest.h"
#include "providers/rows.h"

namespace llmgw::providers {
namespace {

struct Family {
  std::string_view pattern, kind;
};

// Names that vendors give to their own models. The first that matches wins.
constexpr std::array kFamilies = {
    Family{"gpt-oss*", ""},  // open weights: many serve them, none owns the name
    Family{"gpt-*", "openai"},
    Family{"ft:gpt-*", "openai"},
    Family{"chatgpt-*", "openai"},
    Family{"o1", "openai"},
    Family{"o1-*", "openai"},
    Family{"o3", "openai"},
    Family{"o3-*", "openai"},
    Family{"o4-*", "openai"},
    Family{"text-embedding-3-*", "openai"},
    Family{"text-embedding-ada-*", "openai"},
    Family{"omni-moderation-*", "openai"},
    Family{"whisper-1", "openai"},
    Family{"tts-1*", "openai"},
    Family{"dall-e-*", "openai"},
    Family{"codex-*", "openai"},
    Family{"computer-use-*", "openai"},
    Family{"claude-*", "anthropic"},
    Family{"gemini-*", "gemini"},
    Family{"mistral-*", "mistral"},
    Family{"ministral-*", "mistral"},
    Family{"magistral-*", "mistral"},
    Family{"codestral-*", "mistral"},
    Family{"devstral-*", "mistral"},
    Family{"pixtral-*", "mistral"},
    Family{"voxtral-*", "mistral"},
    Family{"open-mistral-*", "mistral"},
    Family{"deepseek-chat", "deepseek"},
    Family{"deepseek-reasoner", "deepseek"},
    Family{"deepseek-*", "deepseek"},
    Family{"grok-*", "xai"},
    Family{"command-*", "cohere"},
    Family{"c4ai-*", "cohere"},
    Family{"embed-*", "cohere"},
    Family{"rerank-*", "cohere"},
    Family{"sonar*", "perplexity"},
    Family{"kimi-*", "moonshot"},
    Family{"moonshot-*", "moonshot"},
    Family{"glm-*", "zhipu"},
    Family{"qwen-*", "alibaba"},
    Family{"qwen3-max*", "alibaba"},
    Family{"qwen3-coder-plus*", "alibaba"},
    Family{"qwen3-coder-flash*", "alibaba"},
    Family{"qwq-plus*", "alibaba"},
};

// In the order of AuthScheme.
constexpr std::array<std::string_view, 7> kAuthNames = {
    "none", "bearer", "api-key", "x-api-key", "x-goog-api-key", "sigv4", "google-oauth"};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = [] {
    std::vector<Row> r(hosted_rows().begin(), hosted_rows().end());
    r.insert(r.end(), cloud_rows().begin(), cloud_rows().end());
    r.insert(r.end(), local_rows().begin(), local_rows().end());
    return r;
  }();
  return all;
}

}  // namespace

std::string_view name(AuthScheme a) {
  return kAuthNames[static_cast<size_t>(a)];
}

std::vector<Dialect> DialectSet::list() const {
  std::vector<Dialect> out;
  for (int i = 0; i < 32; ++i) {
    if ((bits_ >> i & 1) != 0) out.push_back(static_cast<Dialect>(i));
  }
  return out;
}

std::span<const FieldRule> Quirks::refused() const {
  size_t n = 0;
  while (n < fields.size() && !fields[n].field.empty()) ++n;
  return std::span(fields).first(n);
}

std::span<const std::string_view> Row::env_names() const {
  size_t n = 0;
  while (n < env.size() && !env[n].empty()) ++n;
  return std::span(env).first(n);
}

std::span<const Row> catalog() {
  return rows();
}

const Row* find_row(std::string_view kind) {
  for (const Row& row : rows()) {
    if (row.kind == kind) return &row;
  }
  return nullptr;
}

std::string_view nearest_kind(std::string_view kind) {
  std::vector<std::string_view> kinds;
  for (const Row& row : rows()) kinds.push_back(row.kind);
  return nearest(kind, kinds);
}

std::string_view family(std::string_view model) {
  for (const Family& f : kFamilies) {
    if (glob_match(f.pattern, model)) return f.kind;
  }
  return {};
}

}  // namespace llmgw::providers
