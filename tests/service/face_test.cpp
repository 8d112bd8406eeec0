#include "service/face.h"

#include <doctest/doctest.h>

namespace llmgw::service {
namespace {

using dialects::Dialect;

TEST_CASE("a path's face is its dialect, and what stands below the root") {
  struct Case {
    std::string_view path;
    Dialect dialect;
    std::string_view below, deployment;
  };
  for (const auto& [path, dialect, below, deployment] : std::initializer_list<Case>{
           {"/v1/chat/completions", Dialect::openai_chat, "/chat/completions", ""},
           {"/genai/v1beta/up/echo:generateContent", Dialect::gemini_generate, "",
            "up/echo"},  // @ai-sdk/google
           {"/v1/chat/completions/", Dialect::openai_chat, "/chat/completions", ""},
           {"/v1/files/file-1/content", Dialect::openai_other, "/files/file-1/content", ""},
           {"/v1/evals/.a/b..c/%2Ex/a%2Fb", Dialect::openai_other, "/evals/.a/b..c/%2Ex/a%2Fb", ""},
           {"/openai/v1/responses", Dialect::openai_responses, "/responses", ""},
           {"/openai/responses", Dialect::openai_responses, "/responses", ""},
           {"/litellm/embeddings", Dialect::openai_embeddings, "/embeddings", ""},
           {"/langchain/openai/v1/completions", Dialect::openai_completions, "/completions", ""},
           {"/openai/deployments/gpt/chat/completions", Dialect::openai_chat, "/chat/completions", "gpt"},
           {"/openai/deployments/gpt%204/audio/speech", Dialect::openai_other, "/audio/speech", "gpt 4"},
           {"/openai/deployments/up/echo/chat/completions", Dialect::openai_chat, "/chat/completions",
            "up/echo"},
           {"/openai/deployments/or/meta-llama/l3/embeddings", Dialect::openai_embeddings, "/embeddings",
            "or/meta-llama/l3"},
           {"/cohere/v2/chat", Dialect::cohere_chat, "/v2/chat", ""},
           {"/v2/chat", Dialect::cohere_chat, "/v2/chat", ""},
           {"/langchain/v2/chat", Dialect::cohere_chat, "/v2/chat", ""},
           {"/litellm/cohere/v2/embed", Dialect::cohere_embed, "/v2/embed", ""},
           {"/v2/rerank", Dialect::rerank, "/v2/rerank", ""},
           {"/v1/rerank", Dialect::rerank, "/v1/rerank", ""},
           {"/pydanticai/v1/rerank", Dialect::rerank, "/v1/rerank", ""},
           {"/openai/v1/rerank", Dialect::rerank, "/rerank", ""},
           {"/ollama/api/chat", Dialect::ollama_chat, "/api/chat", ""},
           {"/ollama/api/tags", Dialect::ollama_chat, "", ""},
           {"/ollama/v1/chat/completions", Dialect::openai_chat, "/chat/completions", ""},
           {"/cohere/v1/models", Dialect::cohere_chat, "", ""},
       }) {
    CAPTURE(path);
    const auto face = find_face(path);
    REQUIRE(face);
    CHECK(face->dialect == dialect);
    CHECK(face->path == below);
    CHECK(face->model == deployment);
  }
}

TEST_CASE("a path that is nobody's has no face") {
  for (const std::string_view path : {"",
                                      "/",
                                      "/v1",
                                      "/v2/chat/completions",
                                      "/v2/messages",
                                      "/cohere/v1/chat",
                                      "/cohere",
                                      "/api/chat",
                                      "/ollama/api/show",
                                      "/ollama/../api/reload",
                                      "/v1/chat",
                                      "/v1chat/completions",
                                      "/v1/embeddingsx",
                                      "/chat/completions",
                                      "/openai/deployments",
                                      "/openai/deployments/",
                                      "/openai/deployments//chat/completions",
                                      "/openai/deployments/gpt",
                                      "/openai/deployments/gpt/files",
                                      "/openai/deployments/a%0Ab/embeddings",
                                      "/openai/deployments/a%zz/embeddings",
                                      "/v1/evals/..",
                                      "/v1/evals/./x",
                                      "/v1/evals/../../admin",
                                      "/v1/evals/%2e%2E/admin",
                                      "/v1/evals/a%2f..%2f..%2fadmin",
                                      "/v1/evals/a%0d%0ab",
                                      "/v1/evals/%00",
                                      "/v1/evals/%"}) {
    CAPTURE(path);
    CHECK_FALSE(find_face(path));
  }
}

}  // namespace
}  // namespace llmgw::service
