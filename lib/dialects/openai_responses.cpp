// Responses (https://platform.openai.com/docs/api-reference/responses).
#include "base/text.h"
#include "dialects/reading.h"
#include "dialects/responses.h"
#include "dialects/translation_of.h"

namespace llmgw::dialects {
namespace {

class ResponsesStreamReader final : public StreamReader {
 public:
  Result<StreamStep> read(const net::SseEvent& event) override {
    StreamStep step;
    if (event.data.empty()) return step;
    if (event.data == "[DONE]") {
      step.done = true;
      return step;
    }
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    const std::string type = body["type"].string().value_or(std::string(event.type));
    const auto response = body["response"];
    note(body, response);
    if (type.ends_with(".delta")) {
      step.content = body["delta"].raw().size() > 2;
      text_bytes_ += static_cast<int64_t>(body["delta"].raw().size()) - 2;
    } else if (type == "response.output_item.added") {
      step.content = body["item"]["type"].text().ends_with("_call");
    } else if (type == "response.completed" || type == "response.incomplete") {
      step.content = step.finish = step.done = step.holdable = true;
      id_ = response["id"].text();
      read_openai_usage(response["usage"], usage_);
    } else if (type == "response.failed") {
      const auto error = response["error"];
      step.error_object = error ? std::string(error.raw()) : R"({"message":"response.failed"})";
    } else if (type == "error") {
      step.error_object = body["error"] ? body["error"].raw() : body.raw();
    }
    return step;
  }

 private:
  void note(json::Value body, json::Value response) {
    so_far_.sequence = body["sequence_number"].integer().value_or(so_far_.sequence) + 1;
    if (!so_far_.id.empty() || !response["id"].is(json::Kind::string)) return;
    so_far_.id = response["id"].text();
    so_far_.model = response["model"].text();
    so_far_.created = static_cast<int64_t>(response["created_at"].number().value_or(0));
  }
};

using ResponsesTranslation =
    TranslationOf<&read_responses_request, &write_responses_request, &read_responses_answer,
                  &write_responses_answer, &responses_event_decoder, &responses_event_encoder>;

// Counts the text of a message or of a tool's output, and notes its media.
void read_content(json::Value content, Needs& needs) {
  if (content.is(json::Kind::string)) needs.text_bytes += static_cast<int64_t>(content.raw().size()) - 2;
  for (auto [_, part] : content.elements()) {
    const auto type = part["type"];
    if (type.says("input_image")) needs.vision = true;
    if (type.says("input_audio")) needs.audio = true;
    needs.text_bytes += static_cast<int64_t>(part["text"].raw().size());
  }
}

class ResponsesCodec final : public OpenAiCodec {
 public:
  const Translation* translation() const override { return &translation_; }

  Result<void> decode_needs(json::Value body, Request& request) const override {
    auto& needs = request.needs;
    const auto tools = body["tools"];
    needs.tools = tools.size() > 0;
    needs.json_schema = body["text"]["format"]["type"].says("json_schema");
    needs.max_output = body["max_output_tokens"].integer();
    needs.state = responses_state(body);
    needs.text_bytes += static_cast<int64_t>(body["instructions"].raw().size() + tools.raw().size());
    const auto input = body["input"];
    read_content(input.is(json::Kind::string) ? input : json::Value(), needs);
    for (auto [_, item] : input.elements()) {
      read_content(item["content"], needs);
      read_content(item["output"], needs);
      needs.text_bytes += static_cast<int64_t>(item["arguments"].raw().size());
    }
    return {};
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts{.object = true};
    read_openai_usage(reply["usage"], facts.usage);
    facts.id = reply["id"].text();
    read_openai_ids(reply, facts.ids);
    if (const auto error = openai_error(reply);
        error && (!reply["status"] || reply["status"].says("failed"))) {
      facts.error_object = error.raw();
    } else if (!reply["output"].is(json::Kind::array) && !reply["status"]) {
      return fail(ErrorClass::invalid_response, "a reply without output: " + shortened(body, 120));
    }
    return facts;
  }

  // What makes the SDKs and Codex see a failed response.
  std::string error_event(const Error& error, const StreamSoFar& so_far,
                          std::string_view extra_fields) const override {
    std::string out = "event: response.failed\ndata: ";
    json::Writer writer(out);
    writer.begin_object().member("type", "response.failed").member("sequence_number", so_far.sequence);
    const ResponseFrame frame{
        .id = so_far.id, .model = so_far.model, .created = so_far.created, .error = &error};
    write_response(writer.key("response"), frame, "[]", extra_fields);
    writer.end_object();
    return out + "\n\n";
  }
  std::string attach(const net::SseEvent& event, std::string_view extra_fields) const override {
    const auto doc = json::Doc::parse(event.data, {.allow_lone_surrogates = true});
    const auto response = doc ? doc->root()["response"] : json::Value();
    if (!response.is(json::Kind::object)) return std::string(event.raw);
    json::Edit edit(doc->root());
    edit.set("response", json::with_last_member(response.raw(), "extra_fields", extra_fields));
    return "event: " + std::string(event.type) + "\ndata: " + edit.apply() + "\n\n";
  }
  std::string_view end_event() const override { return {}; }
  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<ResponsesStreamReader>();
  }

 private:
  ResponsesTranslation translation_;
};

}  // namespace

const Codec& openai_responses() {
  static const ResponsesCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
