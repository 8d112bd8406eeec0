#include "dialects/anthropic.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/decoding_reader.h"
#include "dialects/reading.h"
#include "dialects/translation_of.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// `error.type` (docs: "Errors"; anthropic-sdk-python, types/shared).
std::string_view error_type(const Error& error) {
  switch (error.error_class) {
    case ErrorClass::rate_limit: return "rate_limit_error";
    case ErrorClass::quota:
    case ErrorClass::budget: return "billing_error";
    case ErrorClass::overloaded: return "overloaded_error";
    case ErrorClass::auth: return error.http_status() == 403 ? "permission_error" : "authentication_error";
    case ErrorClass::policy: return "permission_error";
    case ErrorClass::model_unavailable: return "not_found_error";
    case ErrorClass::timeout: return "timeout_error";
    case ErrorClass::bad_request:
      if (error.http_status() == 413) return "request_too_large";
      return error.http_status() == 404 ? "not_found_error" : "invalid_request_error";
    case ErrorClass::context_length:
    case ErrorClass::content_filter: return "invalid_request_error";
    default: return "api_error";
  }
}

using AnthropicTranslation =
    TranslationOf<&read_anthropic_request, &write_anthropic_request, &read_anthropic_answer,
                  &write_anthropic_answer, &anthropic_event_decoder, &anthropic_event_encoder>;

// `message_start` and `message_delta` carry `extra_fields`.
class AnthropicStreamReader final : public DecodingStreamReader {
 public:
  AnthropicStreamReader() : DecodingStreamReader(anthropic_event_decoder()) {}

 private:
  bool holdable(const net::SseEvent& event) const override { return event.type == "message_delta"; }
  bool opening(const net::SseEvent& event) const override { return event.type == "message_start"; }
};

void read_needs(Value content, Needs& needs) {
  if (content.is(Kind::string)) needs.text_bytes += static_cast<int64_t>(content.raw().size()) - 2;
  for (auto [_, block] : content.elements()) {
    const auto type = block["type"];
    if (type.says("image")) needs.vision = true;
    if (type.says("tool_result")) read_needs(block["content"], needs);
    if (!type.says("image") && !type.says("document"))
      needs.text_bytes += static_cast<int64_t>(block["text"].raw().size() + block["input"].raw().size());
  }
}

class AnthropicCodec final : public Codec {
 public:
  Result<void> decode_request(Request& request) const override {
    if (auto read = read_envelope(request); !read) return read;
    const Value body = request.doc->root();
    auto& needs = request.needs;
    if (!body["messages"].is(Kind::array)) return refused("messages", "must be an array");
    read_needs(body["system"], needs);
    for (auto [_, message] : body["messages"].elements()) read_needs(message["content"], needs);
    needs.tools = body["tools"].size() > 0;
    needs.text_bytes += static_cast<int64_t>(body["tools"].raw().size());
    needs.json_schema = body["output_config"]["format"]["type"].says("json_schema");
    needs.max_output = body["max_tokens"].integer();
    return {};
  }

  void edit_request(const Request& request, std::string_view model, bool, json::Edit& edit) const override {
    edit_envelope(request, model, edit);
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts{.object = true};
    read_anthropic_usage(reply["usage"], facts.usage);
    if (reply["type"].says("error") || reply["error"].is(Kind::object)) {
      facts.error_object = reply["error"] ? reply["error"].raw() : reply.raw();
    } else if (!reply["content"].is(Kind::array) ||
               (reply["content"].size() == 0 && !reply["stop_reason"].is(Kind::string))) {
      return fail(ErrorClass::invalid_response, "a reply without content: " + shortened(body, 120));
    }
    return facts;
  }

  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<AnthropicStreamReader>();
  }

  std::string error_body(const Error& error, std::string_view extra_fields) const override {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().member("type", "error").key("error").begin_object();
    writer.member("type", error_type(error)).member("message", error.message).end_object();
    if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
    writer.end_object();
    return out;
  }
  std::string error_event(const Error& error, const StreamSoFar&,
                          std::string_view extra_fields) const override {
    return "event: error\ndata: " + error_body(error, extra_fields) + "\n\n";
  }

  std::string attach(const net::SseEvent& event, std::string_view extra_fields) const override {
    const std::string head = "event: " + std::string(event.type) + "\ndata: ";
    if (event.type != "message_start")
      return head + json::with_last_member(event.data, "extra_fields", extra_fields) + "\n\n";
    const auto doc = json::Doc::parse(event.data, {.allow_lone_surrogates = true});
    const auto message = doc ? doc->root()["message"] : Value();
    if (!message.is(Kind::object)) return std::string(event.raw);
    json::Edit edit(doc->root());
    edit.set("message", json::with_last_member(message.raw(), "extra_fields", extra_fields));
    return head + edit.apply() + "\n\n";
  }
  std::string_view end_event() const override {
    return "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  }

  const Translation* translation() const override { return &translation_; }

 private:
  AnthropicTranslation translation_;
};

}  // namespace

const Codec& anthropic_messages() {
  static const AnthropicCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
