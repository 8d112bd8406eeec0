#pragma once

#include "dialects/codec.h"

namespace llmgw::dialects {

// Ranking documents by a query, as Cohere's /v2/rerank has it (docs.cohere.com/reference/rerank) and Jina,
// Together, vLLM and others after it (docs.vllm.ai, "Rerank API"), or in Voyage's words (docs.voyageai.com,
// "Rerankers"). Passed through, to whoever speaks it: their requests differ in nothing that two of them
// insist on.
const Codec& rerank();

}  // namespace llmgw::dialects
