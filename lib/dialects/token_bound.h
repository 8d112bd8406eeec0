#pragma once

#include "dialects/request.h"

namespace llmgw::dialects {

// The most tokens that a call can be billed. What is absent nothing bounds.
struct TokenBound {
  std::optional<int64_t> input;
  std::optional<int64_t> output;  // of all choices together
  int64_t choices = 1;            // answers that were asked for
  int64_t searches = -1;          // of a rerank; else -1
};

// Whether what a call answers is made of tokens: not so for embeddings and reranks.
bool has_output(Dialect);

// Of a request, whatever its dialect: each byte of its body is a token at most, an image in it 50,000 (more
// than OpenAI's small models are billed for the largest:
// https://platform.openai.com/docs/guides/images-vision, "Calculating costs"), other media their bytes; a
// file that is only named, or a conversation that the provider keeps, the model's context. No prompt is
// longer than that `context`. The output is the client's limit, else `max_output`, the model's; `translated`:
// the request goes out in another dialect, where thoughts that it asks for are added to the client's limit.
TokenBound token_bound(const Request&, std::optional<int64_t> context, std::optional<int64_t> max_output,
                       bool translated = false);

}  // namespace llmgw::dialects
