// OpenAI's errors (https://platform.openai.com/docs/guides/error-codes), and those that other vendors of the
// dialect send: 402 as DeepSeek does, 529 as Anthropic's compatible endpoint.
#include "simulate/mock/speaker.h"

namespace llmgw::simulate {
namespace {

struct Words {
  std::string message, type, param, code;
};

Words words(const Refusal& refusal) {
  using Reason = Fault::Reason;
  switch (refusal.reason) {
    case Reason::quota:
      return {
          "You exceeded your current quota, please check your plan and billing details. For more information "
          "on "
          "this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
          "insufficient_quota", "", "insufficient_quota"};
    case Reason::context_length:
      return {
          "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 "
          "tokens. "
          "Please reduce the length of the messages.",
          "invalid_request_error", "messages", "context_length_exceeded"};
    case Reason::content_filter:
      return {
          "The response was filtered due to the prompt triggering content management policy. Please modify "
          "your "
          "prompt and retry.",
          "invalid_request_error", "prompt", "content_filter"};
    case Reason::unknown_model:
      return {"The model `" + refusal.model + "` does not exist or you do not have access to it.",
              "invalid_request_error", "", "model_not_found"};
    case Reason::plain:
    case Reason::refused_key: break;
  }
  switch (refusal.status) {
    case 400: return {"Invalid value in the request.", "invalid_request_error", "messages", "invalid_value"};
    case 401:
      return {
          "Incorrect API key provided: sk-mock****. You can find your API key at "
          "https://platform.openai.com/account/api-keys.",
          "invalid_request_error", "", "invalid_api_key"};
    case 402: return {"Insufficient Balance", "unknown_error", "", "invalid_request_error"};
    case 403:
      return {"Country, region, or territory not supported", "request_forbidden", "",
              "unsupported_country_region_territory"};
    case 408: return {"Request timed out.", "timeout", "", ""};
    case 413: return {"The request body is too large.", "invalid_request_error", "", "request_too_large"};
    case 422:
      return {"The request could not be processed.", "invalid_request_error", "", "unprocessable_entity"};
    case 429:
      return {"Rate limit reached for " + refusal.model +
                  " in organization org-mock on requests per min (RPM): Limit 3, "
                  "Used 3, Requested 1. Please try again in 1s. Visit "
                  "https://platform.openai.com/account/rate-limits to "
                  "learn more.",
              "requests", "", "rate_limit_exceeded"};
    case 502: return {"Bad gateway.", "server_error", "", ""};
    case 503: return {"The engine is currently overloaded, please try again later", "server_error", "", ""};
    case 504: return {"The server took too long to answer.", "server_error", "", ""};
    case 529: return {"Overloaded", "overloaded_error", "", ""};
    default:
      return {"The server had an error while processing your request. Sorry about that!", "server_error", "",
              ""};
  }
}

void write_or_null(json::Writer& writer, std::string_view key, std::string_view text) {
  writer.key(key);
  text.empty() ? writer.null() : writer.string(text);
}

}  // namespace

ErrorReply openai_error_reply(const Refusal& refusal) {
  Words w = words(refusal);
  if (!refusal.message.empty()) {
    w.message = refusal.message;
    w.param = refusal.param;
  }
  ErrorReply reply;
  json::Writer writer(reply.body);
  writer.begin_object().key("error").begin_object();
  writer.member("message", w.message).member("type", w.type);
  write_or_null(writer, "param", w.param);
  write_or_null(writer, "code", w.code);
  writer.end_object().end_object();
  return reply;
}

}  // namespace llmgw::simulate
