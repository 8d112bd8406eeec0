#pragma once

#include <string>
#include <utility>
#include <vector>

namespace llmgw::service {

// The variables by which applications' SDKs find a gateway at `origin` ("http://127.0.0.1:8484"), of the
// faces that this build has:
//   OPENAI_BASE_URL        openai-python, openai-node, and what is built on them
//   OPENAI_API_BASE        openai-python before 1.0, LangChain, LiteLLM
//   AZURE_OPENAI_ENDPOINT  the Azure clients of both
//   ANTHROPIC_BASE_URL     anthropic-sdk-python and -typescript, Claude Code; they append /v1/messages
//   GOOGLE_GEMINI_BASE_URL google-genai (Python, JavaScript), Gemini CLI; they append /v1beta
//   AWS_ENDPOINT_URL_BEDROCK_RUNTIME  every AWS SDK ("Service-specific endpoints" of the AWS SDKs reference
//   guide)
//   CO_API_URL             cohere (Python, TypeScript); they append /v2/chat
// Not OLLAMA_HOST, which Ollama's own server and command line read, too.
std::vector<std::pair<std::string, std::string>> client_environment(const std::string& origin);

// Keys that SDKs refuse to start without; the gateway reads none of them under `auth = "open"`. To be set
// where the user has none.
std::vector<std::pair<std::string, std::string>> placeholder_keys();

}  // namespace llmgw::service
