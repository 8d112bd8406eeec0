#pragma once

#include "dialects/codec.h"

namespace llmgw::dialects {

// What the OpenAI dialects share (https://platform.openai.com/docs/api-reference): the error
// shape, the gateway's fields, the model's name in the body. A dialect adds how it reads replies.
class OpenAiCodec : public Codec {
 public:
  Result<void> decode_request(Request&) const override;
  void edit_request(const Request&, std::string_view model, bool ask_usage, json::Edit&) const override;
  std::string error_body(const Error&, std::string_view extra_fields) const override;
  std::string error_event(const Error&, const StreamSoFar&, std::string_view extra_fields) const override;
  std::string attach(const net::SseEvent&, std::string_view extra_fields) const override;
  std::string_view end_event() const override { return "data: [DONE]\n\n"; }

 protected:
  // What the dialect's own fields say: Request::needs.
  virtual Result<void> decode_needs(json::Value body, Request&) const = 0;
};

const Codec& openai_chat();
const Codec& openai_completions();
const Codec& openai_responses();
const Codec& openai_embeddings();
const Codec& openai_other();  // passed through; nothing in it is understood but the model

// `usage` of any OpenAI reply: prompt_tokens or input_tokens, and their details.
void read_openai_usage(json::Value usage, observe::Usage& out);
// The `usage` of a chat stream's chunk, wherever its vendor puts it: at the top, in Groq's x_groq, or in
// Moonshot's last choice. Kind::none: it has none.
json::Value chunk_usage(json::Value chunk);
// The ids of other objects that a reply gives out.
void read_openai_ids(json::Value reply, std::vector<std::string>& out);
// The `error` member of a reply or event when it says that something failed.
json::Value openai_error(json::Value reply);

}  // namespace llmgw::dialects
