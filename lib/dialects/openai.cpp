#include "dialects/openai.h"

#include "base/json_writer.h"
#include "base/text.h"

namespace llmgw::dialects {
namespace {

// `error.type` as OpenAI's documentation of error codes uses it.
std::string_view error_type(const Error& error) {
  if (!error.type.empty()) return error.type;
  switch (error.error_class) {
    case ErrorClass::rate_limit: return "rate_limit_error";
    case ErrorClass::quota: return "insufficient_quota";
    case ErrorClass::auth: return "authentication_error";
    case ErrorClass::budget: return "budget_error";
    case ErrorClass::policy: return "permission_error";
    case ErrorClass::bad_request:
    case ErrorClass::context_length:
    case ErrorClass::content_filter:
    case ErrorClass::model_unavailable: return "invalid_request_error";
    default: return "server_error";
  }
}

void write_error(json::Writer& writer, const Error& error) {
  writer.key("error").begin_object();
  writer.member("message", error.message);
  writer.member("type", error_type(error));
  if (error.param.empty()) {
    writer.key("param").null();
  } else {
    writer.member("param", error.param);
  }
  writer.member("code", error.code.empty() ? name(error.error_class) : std::string_view(error.code));
  writer.end_object();
}

}  // namespace

Result<void> OpenAiCodec::decode_request(Request& request) const {
  if (auto read = read_envelope(request); !read) return read;
  const json::Value body = request.doc->root();
  request.wants_usage = body["stream_options"]["include_usage"].boolean().value_or(false);
  return decode_needs(body, request);
}

void OpenAiCodec::edit_request(const Request& request, std::string_view model, bool, json::Edit& edit) const {
  edit_envelope(request, model, edit);
}

std::string OpenAiCodec::error_body(const Error& error, std::string_view extra_fields) const {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  write_error(writer, error);
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
  return out;
}

std::string OpenAiCodec::error_event(const Error& error, const StreamSoFar&,
                                     std::string_view extra_fields) const {
  return "data: " + error_body(error, extra_fields) + "\n\n";
}

std::string OpenAiCodec::attach(const net::SseEvent& event, std::string_view extra_fields) const {
  return "data: " + json::with_last_member(event.data, "extra_fields", extra_fields) + "\n\n";
}

void read_openai_usage(json::Value usage, observe::Usage& out) {
  if (!usage.is(json::Kind::object)) return;
  auto count = [](json::Value value, int64_t& into) {
    if (const auto n = value.integer(); n && *n >= 0) into = *n;
  };
  for (auto [key, value] : usage.members()) {
    if (key.says("prompt_tokens") || key.says("input_tokens")) {
      count(value, out.input);
    } else if (key.says("completion_tokens") || key.says("output_tokens")) {
      count(value, out.output);
    } else if (key.says("prompt_tokens_details") || key.says("input_tokens_details") ||
               key.says("input_token_details")) {  // Realtime's
      count(value["cached_tokens"], out.cached_input);
      count(value["cache_write_tokens"], out.cache_written);
    } else if (key.says("completion_tokens_details") || key.says("output_tokens_details")) {
      count(value["reasoning_tokens"], out.reasoning);
    } else if (key.says("cached_tokens") || key.says("prompt_cache_hit_tokens")) {
      count(value, out.cached_input);  // Moonshot, DeepSeek
    } else if (key.says("reasoning_tokens")) {
      count(value, out.reasoning);  // SGLang
    }
  }
}

json::Value chunk_usage(json::Value chunk) {
  for (const auto usage : {chunk["usage"], chunk["x_groq"]["usage"], chunk["choices"].at(0)["usage"]}) {
    if (usage.is(json::Kind::object)) return usage;
  }
  return {};
}

void read_openai_ids(json::Value reply, std::vector<std::string>& out) {
  auto add = [&out](json::Value id) {
    if (auto text = id.string(); text && !text->empty() && out.size() < ReplyFacts::kMostIds)
      out.push_back(std::move(*text));
  };
  // Of a batch; of an upload that is complete; of a response; of a fine-tuning job.
  auto add_from = [&add](json::Value object) {
    add(object["output_file_id"]);
    add(object["error_file_id"]);
    add(object["file"]["id"]);
    add(object["conversation"]["id"]);
    for (auto [_, file] : object["result_files"].elements()) add(file);
  };
  add_from(reply);
  for (auto [_, entry] : reply["data"].elements()) {
    add(entry["id"]);
    add_from(entry);
  }
}

json::Value openai_error(json::Value reply) {
  const auto error = reply["error"];
  if (error.is(json::Kind::object) || (error.is(json::Kind::string) && error.raw() != "\"\"")) return error;
  if (reply["object"].says("error") && reply["message"].is(json::Kind::string))
    return reply;  // SGLang, old vLLM
  return {};
}

}  // namespace llmgw::dialects
