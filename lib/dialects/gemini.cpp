#include "dialects/gemini.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/decoding_reader.h"
#include "dialects/reading.h"
#include "dialects/translation_of.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// google.rpc.Code (https://cloud.google.com/apis/design/errors#handling_errors).
std::string_view status_name(const Error& error) {
  const int status = error.http_status();
  switch (error.error_class) {
    case ErrorClass::rate_limit:
    case ErrorClass::quota:
    case ErrorClass::budget: return "RESOURCE_EXHAUSTED";
    case ErrorClass::auth: return status == 403 ? "PERMISSION_DENIED" : "UNAUTHENTICATED";
    case ErrorClass::policy: return "PERMISSION_DENIED";
    case ErrorClass::model_unavailable: return status >= 500 ? "UNAVAILABLE" : "NOT_FOUND";
    case ErrorClass::overloaded:
    case ErrorClass::network: return "UNAVAILABLE";
    case ErrorClass::timeout: return "DEADLINE_EXCEEDED";
    case ErrorClass::cancelled: return "CANCELLED";
    case ErrorClass::bad_request:
    case ErrorClass::context_length:
    case ErrorClass::content_filter: return status == 404 ? "NOT_FOUND" : "INVALID_ARGUMENT";
    default: return "INTERNAL";
  }
}

using GeminiTranslation = TranslationOf<&read_gemini_request, &write_gemini_request, &read_gemini_answer,
                                        &write_gemini_answer, &gemini_event_decoder, &gemini_event_encoder>;

void read_needs(Value content, Needs& needs) {
  for (auto [_, part] : content["parts"].elements()) {
    const auto blob = gemini_field(part, "inlineData");
    const auto media = blob ? blob : gemini_field(part, "fileData");
    const std::string mime = media ? gemini_field(media, "mimeType").text() : std::string();
    if (mime.starts_with("image/")) needs.vision = true;
    if (mime.starts_with("audio/")) needs.audio = true;
    if (!media) needs.text_bytes += static_cast<int64_t>(part.raw().size());
  }
}

class GenerateCodec final : public GeminiCodec {
 public:
  Result<void> decode_needs(Value body, Request& request) const override {
    auto& needs = request.needs;
    if (!body["contents"].is(Kind::array)) return refused("contents", "must be an array");
    read_needs(gemini_field(body, "systemInstruction"), needs);
    for (auto [_, content] : body["contents"].elements()) read_needs(content, needs);
    for (auto [_, tool] : body["tools"].elements())
      needs.tools = needs.tools || gemini_field(tool, "functionDeclarations").size() > 0;
    needs.text_bytes += static_cast<int64_t>(body["tools"].raw().size());
    const auto config = gemini_field(body, "generationConfig");
    needs.json_schema = gemini_field(config, "responseSchema").is(Kind::object) ||
                        gemini_field(config, "responseJsonSchema").is(Kind::object);
    needs.max_output = gemini_field(config, "maxOutputTokens").integer();
    return {};
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = json::Doc::parse(body, {.allow_lone_surrogates = true});
    // Google may wrap an error in an array, as it does for a stream that is not asked for as events.
    const auto wrapped = doc ? doc->root().at(0) : Value();
    const auto reply = wrapped["error"] ? wrapped : doc ? doc->root() : Value();
    if (!reply.is(Kind::object)) {
      return fail(ErrorClass::invalid_response, "a reply that is no JSON object: " + shortened(body, 120));
    }
    ReplyFacts facts;
    read_gemini_usage(gemini_field(reply, "usageMetadata"), facts.usage);
    if (const auto error = reply["error"]; error && !error.is_null()) {
      facts.error_object = error.raw();
    } else if (auto blocked = gemini_block(reply); !blocked.empty()) {
      facts.error_object = std::move(blocked);
      facts.error_made = true;
    } else if (reply["candidates"].size() == 0) {
      return fail(ErrorClass::invalid_response, "a reply without candidates: " + shortened(body, 120));
    }
    return facts;
  }
  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<DecodingStreamReader>(gemini_event_decoder());
  }
  const Translation* translation() const override { return &translation_; }

 private:
  GeminiTranslation translation_;
};

}  // namespace

Value gemini_field(Value object, std::string_view camel) {
  if (const auto value = object[camel]) return value;
  std::string snake;
  for (const char c : camel) {
    if (c >= 'A' && c <= 'Z') snake += '_';
    snake += lower(c);
  }
  return snake == camel ? Value() : object[snake];
}

Result<void> GeminiCodec::decode_request(Request& request) const {
  const std::string model = request.model;
  const bool stream = request.stream;
  if (auto read = read_envelope(request); !read) return read;
  // What the path said holds; the body may name the model, too, as a resource.
  if (!model.empty()) request.model = model;
  request.stream = stream;
  return decode_needs(request.doc->root(), request);
}

void GeminiCodec::edit_request(const Request& request, std::string_view, bool, json::Edit& edit) const {
  edit_envelope(request, {}, edit);
  if (request.doc->root()["model"]) edit.remove("model");  // the path says it
}

// `error.details` of google-genai's exceptions is the whole body, `extra_fields` included.
std::string GeminiCodec::error_body(const Error& error, std::string_view extra_fields) const {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("error").begin_object().member("code", error.http_status());
  writer.member("message", error.message).member("status", status_name(error));
  if (!error.code.empty() || !error.param.empty() || error.retry_after) {
    writer.key("details").begin_array();
    if (!error.code.empty()) {
      writer.begin_object().member("@type", "type.googleapis.com/google.rpc.ErrorInfo");
      writer.member("reason", error.code).end_object();
    }
    if (!error.param.empty()) {
      writer.begin_object().member("@type", "type.googleapis.com/google.rpc.BadRequest");
      writer.key("fieldViolations").begin_array().begin_object().member("field", error.param);
      writer.member("description", error.message).end_object().end_array().end_object();
    }
    if (error.retry_after) {
      writer.begin_object().member("@type", "type.googleapis.com/google.rpc.RetryInfo");
      writer.member("retryDelay", std::to_string((to_ms(*error.retry_after) + 999) / 1000) + "s");
      writer.end_object();
    }
    writer.end_array();
  }
  writer.end_object();
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
  return out;
}

std::string GeminiCodec::error_event(const Error& error, const StreamSoFar&,
                                     std::string_view extra_fields) const {
  return "data: " + error_body(error, extra_fields) + "\r\n\r\n";
}

std::string GeminiCodec::attach(const net::SseEvent& event, std::string_view) const {
  return std::string(event.raw);
}

const Codec& gemini_generate() {
  static const GenerateCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
