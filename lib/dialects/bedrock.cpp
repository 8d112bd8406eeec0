#include "dialects/bedrock.h"

#include "base/text.h"
#include "dialects/reading.h"
#include "dialects/translation_of.h"
#include "dialects/unmarked_reader.h"
#include "net/aws_event_stream.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

constexpr std::string_view kModelFields = "additionalModelRequestFields";

struct Format {
  std::string_view kind, format, mime;
};
// ImageFormat, AudioFormat, DocumentFormat of the service model.
constexpr Format kFormats[] = {
    {"image", "png", "image/png"},
    {"image", "jpeg", "image/jpeg"},
    {"image", "jpeg", "image/jpg"},
    {"image", "gif", "image/gif"},
    {"image", "webp", "image/webp"},
    {"audio", "mp3", "audio/mpeg"},
    {"audio", "mp3", "audio/mp3"},
    {"audio", "wav", "audio/wav"},
    {"audio", "wav", "audio/x-wav"},
    {"audio", "opus", "audio/opus"},
    {"audio", "aac", "audio/aac"},
    {"audio", "flac", "audio/flac"},
    {"audio", "ogg", "audio/ogg"},
    {"audio", "m4a", "audio/mp4"},
    {"audio", "pcm", "audio/pcm"},
    {"audio", "webm", "audio/webm"},
    {"document", "pdf", "application/pdf"},
    {"document", "csv", "text/csv"},
    {"document", "doc", "application/msword"},
    {"document", "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"document", "xls", "application/vnd.ms-excel"},
    {"document", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"document", "html", "text/html"},
    {"document", "md", "text/markdown"},
    {"document", "txt", "text/plain"},
};

using BedrockTranslation =
    TranslationOf<&read_bedrock_request, &write_bedrock_request, &read_bedrock_answer, &write_bedrock_answer,
                  &bedrock_event_decoder, &bedrock_event_encoder>;

void read_needs(Value content, Needs& needs) {
  for (auto [_, block] : content.elements()) {
    if (block["image"]) needs.vision = true;
    if (block["audio"]) needs.audio = true;
    if (const auto result = block["toolResult"]) {
      read_needs(result["content"], needs);
    } else if (!block["image"] && !block["audio"] && !block["document"] && !block["video"]) {
      needs.text_bytes += static_cast<int64_t>(block.raw().size());
    }
  }
}

// How many there were.
size_t remove_gateway_fields(const Request& request, Value object, json::Edit& edit) {
  size_t removed = 0;
  for (const std::string_view field : {"fallbacks", "fallback_on", "extra_fields", "models"}) {
    if (!object[field] || (field == "models" && !request.fallbacks)) continue;
    edit.remove(field);
    ++removed;
  }
  return removed;
}

class BedrockConverseCodec final : public Codec {
 public:
  Result<void> decode_request(Request& request) const override {
    auto doc = json::Doc::parse(request.body);
    if (!doc) return fail(std::move(doc.error()));
    request.doc = std::move(*doc);
    const Value body = request.doc->root();
    if (!body.is(Kind::object))
      return refused("", "the body must be a JSON object, not " + std::string(json::name(body.kind())));
    if (auto read = read_gateway_fields(body, request); !read) return read;
    if (auto read = read_gateway_fields(body[kModelFields], request); !read) return read;
    if (!body["messages"].is(Kind::array)) return refused("messages", "must be an array");
    auto& needs = request.needs;
    read_needs(body["system"], needs);
    for (auto [_, message] : body["messages"].elements()) read_needs(message["content"], needs);
    needs.tools = body["toolConfig"]["tools"].size() > 0;
    needs.text_bytes += static_cast<int64_t>(body["toolConfig"].raw().size());
    needs.json_schema = body["outputConfig"]["textFormat"]["type"].says("json_schema");
    needs.max_output = body["inferenceConfig"]["maxTokens"].integer();
    return {};
  }

  void edit_request(const Request& request, std::string_view, bool, json::Edit& edit) const override {
    const auto body = request.doc->root();
    remove_gateway_fields(request, body, edit);
    const auto fields = body[kModelFields];
    if (!fields.is(Kind::object)) return;
    json::Edit inner(fields);
    const size_t removed = remove_gateway_fields(request, fields, inner);
    if (removed == 0) return;
    if (removed == fields.size()) {
      edit.remove(kModelFields);
    } else {
      edit.set(kModelFields, inner.apply());
    }
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    ReplyFacts facts{.object = true};
    read_bedrock_usage(reply["usage"], facts.usage);
    const auto content = reply["output"]["message"]["content"];
    if (reply["__type"] || (!reply["output"] && reply["message"].is(Kind::string))) {
      facts.error_object = reply.raw();
    } else if (!content.is(Kind::array) || (content.size() == 0 && !reply["stopReason"].is(Kind::string))) {
      return fail(ErrorClass::invalid_response, "a reply without content: " + shortened(body, 120));
    }
    return facts;
  }

  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<UnmarkedStreamReader>(bedrock_event_decoder());
  }
  std::string error_body(const Error& error, std::string_view) const override {
    return bedrock_error_body(error);
  }
  net::Headers error_headers(const Error& error) const override { return bedrock_error_headers(error); }
  std::string error_event(const Error& error, const StreamSoFar&, std::string_view) const override {
    return bedrock_error_frame(error);
  }
  std::string attach(const net::SseEvent& event, std::string_view) const override {
    return std::string(event.raw);
  }
  std::string_view end_event() const override { return {}; }
  std::unique_ptr<net::EventSplitter> splitter() const override {
    return std::make_unique<net::AwsEventSplitter>();
  }
  std::string_view stream_type() const override { return "application/vnd.amazon.eventstream"; }
  bool shows_extra_fields() const override { return false; }
  const Translation* translation() const override { return &translation_; }

 private:
  BedrockTranslation translation_;
};

}  // namespace

std::string bedrock_format(std::string_view kind, std::string_view mime) {
  mime = mime.substr(0, mime.find(';'));
  for (const auto& row : kFormats) {
    if (row.kind == kind && row.mime == mime) return std::string(row.format);
  }
  if (kind != "document") return {};
  if (mime.starts_with("text/") || mime == "application/json") return "txt";
  return mime.empty() ? "pdf" : std::string();
}

std::string bedrock_mime(std::string_view kind, std::string_view format) {
  for (const auto& row : kFormats) {
    if (row.kind == kind && row.format == format) return std::string(row.mime);
  }
  return format.empty() ? std::string() : std::string(kind) + "/" + std::string(format);
}

const Codec& bedrock_converse() {
  static const BedrockConverseCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
