#include "providers/rows.h"

namespace llmgw::providers {
namespace {

using enum Dialect;
constexpr std::string_view kToday = "2026-11-23";

constexpr Row kRows[] = {
    {
        .kind = "azure",
        .label = "Azure OpenAI",
        .dialects = {openai_chat, openai_completions, openai_responses, openai_embeddings, openai_other},
        .base_url = "",  // endpoint + /openai/v1, or with api_version the deployments' paths
        .auth = AuthScheme::api_key,
        .env = {"AZURE_OPENAI_API_KEY", "AZURE_API_KEY"},
        .requests = kOpenAiRequests,
        .tokens = kOpenAiTokens,
        .quirks = {.thinkers_rename_max_tokens = true},  // anomalyco/opencode#37964
        .docs = "https://learn.microsoft.com/azure/ai-services/openai/api-version-lifecycle",
        .errors_docs = "https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter",
        .verified = kToday,
    },
    {
        .kind = "bedrock",
        .label = "AWS Bedrock",
        .dialects = {openai_chat, openai_responses, bedrock_converse, bedrock_invoke},
        .base_url = "https://bedrock-runtime.{region}.amazonaws.com",
        .auth = AuthScheme::sigv4,
        .openai_url = "/openai/v1",
        .imitates = true,
        .env = {"AWS_BEARER_TOKEN_BEDROCK"},
        .docs = "https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html; "
                "botocore 1.44.5 (bedrock-runtime service-2.json, auth.py)",
        .errors_docs = "botocore 1.44.5, bedrock-runtime service-2.json",
        .verified = kToday,
    },
    {
        .kind = "vertex",
        .label = "Google Vertex AI",
        // No gemini_embed: its embeddings are asked for by :predict, in a shape of their own.
        .dialects = {openai_chat, gemini_generate, anthropic_messages},
        .base_url = "https://{region}-aiplatform.googleapis.com/v1/projects/{project}/locations/{region}",
        .auth = AuthScheme::google_oauth,
        .openai_url = "/endpoints/openapi",
        .openai_auth = AuthScheme::google_oauth,
        .imitates = true,
        .model_prefix = "google/",
        .missing = "embeddings: they are asked for by :predict, in a shape of their own",
        .docs = "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
        .errors_docs = "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429",
        .verified = "unverified",
    },
};

}  // namespace

std::span<const Row> cloud_rows() {
  return kRows;
}

}  // namespace llmgw::providers
