#include "providers/rows.h"

namespace llmgw::providers {
namespace {

using enum Dialect;
constexpr std::string_view kToday = "2026-11-23";

constexpr Row kRows[] = {
    {
        .kind = "ollama",
        .label = "Ollama",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other,
                     ollama_chat},
        .base_url = "http://127.0.0.1:11434/v1",
        .env = {"OLLAMA_API_KEY"},
        .local = true,
        .port = 11434,
        .docs = "https://github.com/ollama/ollama/blob/main/docs/openai.md, api.md; litellm 1.109.1",
        .errors_docs = "https://github.com/netease-youdao/QAnything/issues/555",
        .verified = kToday,
    },
    {
        .kind = "llamacpp",
        .label = "llama.cpp server",
        .dialects = {openai_chat, openai_completions, openai_embeddings, openai_other, rerank},
        .base_url = "http://127.0.0.1:8080/v1",
        .env = {"LLAMA_API_KEY"},
        .local = true,
        .port = 8080,
        .docs = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        .errors_docs = "https://github.com/ggml-org/llama.cpp/pull/15780",
        .verified = kToday,
    },
    {
        .kind = "vllm",
        .label = "vLLM",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other,
                     rerank},
        .base_url = "http://127.0.0.1:8000/v1",
        .env = {"VLLM_API_KEY", "HOSTED_VLLM_API_KEY"},
        .local = true,
        .port = 8000,
        .docs = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html; litellm 1.109.1",
        .errors_docs = "https://github.com/vllm-project/vllm/issues/4667",
        .verified = kToday,
    },
    {
        .kind = "sglang",
        .label = "SGLang",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other,
                     rerank},
        .base_url = "http://127.0.0.1:30000/v1",
        .local = true,
        .port = 30000,
        .docs = "https://docs.sglang.ai/basic_usage/openai_api.html",
        .errors_docs = "https://github.com/QwenLM/Qwen3/issues/1321",
        .verified = "unverified",
    },
    {
        .kind = "lmstudio",
        .label = "LM Studio",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other},
        .base_url = "http://127.0.0.1:1234/v1",
        .env = {"LM_STUDIO_API_KEY"},
        .local = true,
        .port = 1234,
        .docs = "https://lmstudio.ai/docs/app/api/endpoints/openai; litellm 1.109.1",
        .errors_docs = "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/237",
        .verified = kToday,
    },
    {
        .kind = "openai-compatible",
        .label = "any OpenAI-compatible URL",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other,
                     rerank},
        .base_url = "",
        .requests = kOpenAiRequests,
        .tokens = kOpenAiTokens,
        .docs = "https://platform.openai.com/docs/api-reference",
        .verified = "unverified",
    },
    {
        .kind = "mock",
        .label = "built-in simulator",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other,
                     rerank},
        .base_url = "mock:",
        .auth = AuthScheme::none,
        .requests = kOpenAiRequests,
        .tokens = kOpenAiTokens,
        .docs = "built in",
        .verified = kToday,
    },
};

}  // namespace

std::span<const Row> local_rows() {
  return kRows;
}

}  // namespace llmgw::providers
