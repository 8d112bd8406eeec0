#include "dialects/codec.h"

#include "dialects/anthropic.h"
#include "dialects/bedrock.h"
#include "dialects/cohere.h"
#include "dialects/gemini.h"
#include "dialects/ollama.h"
#include "dialects/openai.h"
#include "dialects/rerank.h"
#include "dialects/token_count.h"

namespace llmgw::dialects {

std::unique_ptr<net::EventSplitter> Codec::splitter() const {
  return std::make_unique<net::SseSplitter>();
}

// One line a dialect.
const Codec* codec(Dialect dialect) {
  switch (dialect) {
    case Dialect::openai_chat: return &openai_chat();
    case Dialect::openai_completions: return &openai_completions();
    case Dialect::openai_responses: return &openai_responses();
    case Dialect::openai_embeddings: return &openai_embeddings();
    case Dialect::openai_other: return &openai_other();
    case Dialect::anthropic_messages: return &anthropic_messages();
    case Dialect::bedrock_converse: return &bedrock_converse();
    case Dialect::bedrock_invoke: return &bedrock_invoke();
    case Dialect::gemini_generate: return &gemini_generate();
    case Dialect::gemini_embed: return &gemini_embed();
    case Dialect::cohere_chat: return &cohere_chat();
    case Dialect::cohere_embed: return &cohere_embed();
    case Dialect::rerank: return &rerank();
    case Dialect::ollama_chat: return &ollama_chat();
    case Dialect::anthropic_count: return anthropic_count();
    case Dialect::gemini_count: return gemini_count();
    default: return nullptr;
  }
}

}  // namespace llmgw::dialects
