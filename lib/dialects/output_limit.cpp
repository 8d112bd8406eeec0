#include "dialects/output_limit.h"

#include "base/json_edit.h"

namespace llmgw::dialects {
namespace {

// Sets a member of a member that may not be there.
void set_inner(json::Value body, std::string_view outer, std::string_view inner, int64_t tokens,
               json::Edit& edit) {
  const auto object = body[outer];
  if (object.is(json::Kind::object) && object.size() > 0) {
    json::Edit within(object);
    within.set(inner, std::to_string(tokens));
    edit.set(outer, within.apply());
  } else {
    edit.set(outer, "{\"" + std::string(inner) + "\":" + std::to_string(tokens) + "}");
  }
}

}  // namespace

bool can_limit_output(Dialect d) {
  switch (d) {
    case Dialect::openai_chat:
    case Dialect::openai_completions:
    case Dialect::openai_responses:
    case Dialect::anthropic_messages:
    case Dialect::gemini_generate:
    case Dialect::bedrock_converse:
    case Dialect::cohere_chat:
    case Dialect::ollama_chat: return true;
    default: return false;
  }
}

std::string with_output_limit(Dialect d, std::string_view kind, json::Value body, int64_t tokens) {
  json::Edit edit(body);
  const std::string limit = std::to_string(tokens);
  switch (d) {
    case Dialect::openai_chat:
      // api-reference/chat/create; the models that think refuse the older name.
      edit.set(kind == "openai" || kind == "azure" ? "max_completion_tokens" : "max_tokens", limit);
      break;
    case Dialect::openai_responses: edit.set("max_output_tokens", limit); break;
    case Dialect::anthropic_messages:
      if (body["thinking"]["budget_tokens"].integer().value_or(0) >= tokens) edit.remove("thinking");
      [[fallthrough]];
    case Dialect::openai_completions:
    case Dialect::cohere_chat: edit.set("max_tokens", limit); break;
    case Dialect::gemini_generate:
      set_inner(body, body["generation_config"] ? "generation_config" : "generationConfig", "maxOutputTokens",
                tokens, edit);
      break;
    case Dialect::bedrock_converse: set_inner(body, "inferenceConfig", "maxTokens", tokens, edit); break;
    case Dialect::ollama_chat: set_inner(body, "options", "num_predict", tokens, edit); break;
    default: break;
  }
  return edit.empty() ? std::string(body.raw()) : edit.apply();
}

}  // namespace llmgw::dialects
