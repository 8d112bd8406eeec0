// InvokeModel: the model's own body behind Bedrock's door.
#include <array>

#include "base/text.h"
#include "dialects/anthropic.h"
#include "dialects/bedrock.h"
#include "dialects/reading.h"
#include "dialects/unmarked_reader.h"
#include "net/aws_event_stream.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

constexpr std::string_view kVersion = R"("bedrock-2023-05-31")";
// The last chunk of every model has it (docs.aws.amazon.com, "Invoke model with response stream").
constexpr std::string_view kMetrics = "amazon-bedrock-invocationMetrics";

bool of_claude(Value body) {
  return body["anthropic_version"].is(Kind::string) && body["messages"].is(Kind::array);
}

// The event of Claude's that a chunk carries, or what is known of any other model's.
class InvokeEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.type.starts_with(net::AwsEventSplitter::kException)) {
      out.push_back({.kind = EventKind::error, .text = bedrock_exception_object(event.type, event.data)});
      return {};
    }
    if (event.type != "chunk") return {};
    const auto frame = json::Doc::parse(event.data);
    const auto bytes = frame ? base64_decoded(frame->root()["bytes"].text()) : std::nullopt;
    const auto doc = bytes ? json::Doc::parse(*bytes, {.allow_lone_surrogates = true})
                           : Result<json::Doc>(fail(ErrorClass::invalid_response, ""));
    if (!doc || !doc->root().is(Kind::object)) {
      return fail(ErrorClass::invalid_response,
                  "a chunk that holds no JSON object: " + shortened(event.data, 120));
    }
    const auto body = doc->root();
    if (body["type"].is(Kind::string)) return claude_->decode({{}, *bytes, *bytes}, out);
    out.push_back({.kind = EventKind::text});
    if (const auto metrics = body[kMetrics]; metrics.is(Kind::object)) {
      observe::Usage usage;
      if (const auto n = metrics["inputTokenCount"].integer()) usage.input = *n;
      if (const auto n = metrics["outputTokenCount"].integer()) usage.output = *n;
      out.push_back({.kind = EventKind::usage, .usage = usage});
      out.push_back({.kind = EventKind::finish});
    }
    return {};
  }

 private:
  std::unique_ptr<EventDecoder> claude_ = anthropic_event_decoder();
};

// Claude's events, each in a chunk.
class InvokeEventEncoder final : public EventEncoder {
 public:
  explicit InvokeEventEncoder(StreamOpening opening) : claude_(anthropic_event_encoder(std::move(opening))) {}

  void encode(const StreamEvent& event, std::string& out) override {
    std::string sse;
    claude_->encode(event, sse);
    wrap(sse, out);
  }
  void end(std::string_view, std::string& out) override {
    std::string sse;
    claude_->end({}, sse);
    wrap(sse, out);
  }

 private:
  static void wrap(std::string_view sse, std::string& out) {
    net::SseSplitter splitter;
    splitter.feed(sse);
    for (;;) {
      const auto event = splitter.next();
      if (!event || !*event) return;
      std::string payload;
      json::Writer(payload).begin_object().member("bytes", base64((*event)->data)).end_object();
      net::append_aws_event(out, "chunk", payload);
    }
  }

  std::unique_ptr<EventEncoder> claude_;
};

class InvokeTranslation final : public Translation {
 public:
  Result<Conversation> read_request(const Request& request) const override {
    const auto body = request.doc->root();
    if (!of_claude(body)) {
      return refused("anthropic_version",
                     "is missing: only the body of a Claude can be translated for another provider; use "
                     "Converse for the other models");
    }
    auto read = read_anthropic_request(body);
    if (read) {
      std::erase(read->unmodelled, "anthropic_version");
      std::erase(read->unmodelled, "anthropic_beta");
    }
    return read;
  }
  std::string write_request(const Conversation& conversation, const Writing& target,
                            Warnings& warnings) const override {
    const std::string body = write_anthropic_request(conversation, target, warnings);
    const auto doc = json::Doc::parse(body);
    if (!doc) return body;
    json::Edit edit(doc->root());
    edit.remove("model");
    edit.remove("stream");
    edit.set("anthropic_version", std::string(kVersion));
    return edit.apply();
  }
  Result<Answer> read_answer(std::string_view body) const override { return read_anthropic_answer(body); }
  std::string write_answer(const Answer& answer, std::string_view) const override {
    return write_anthropic_answer(answer, {});
  }
  std::unique_ptr<EventDecoder> decoder() const override { return std::make_unique<InvokeEventDecoder>(); }
  std::unique_ptr<EventEncoder> encoder(StreamOpening opening) const override {
    opening.extra_fields.clear();
    return std::make_unique<InvokeEventEncoder>(std::move(opening));
  }
};

class BedrockInvokeCodec final : public Codec {
 public:
  Result<void> decode_request(Request& request) const override {
    const std::string model = request.model;
    const bool stream = request.stream;
    auto read =
        of_claude_body(request) ? anthropic_messages().decode_request(request) : read_envelope(request);
    request.model = model;
    request.stream = stream;
    return read;
  }
  void edit_request(const Request& request, std::string_view, bool, json::Edit& edit) const override {
    edit_envelope(request, {}, edit);
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    const auto reply = doc->root();
    if (reply["type"].says("message")) return anthropic_messages().read_reply(body);
    ReplyFacts facts{.object = true};
    if (reply["__type"] || (reply.size() == 1 && reply["message"].is(Kind::string)))
      facts.error_object = reply.raw();
    return facts;
  }

  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<UnmarkedStreamReader>(std::make_unique<InvokeEventDecoder>());
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
  static bool of_claude_body(const Request& request) {
    const auto doc = json::Doc::parse(request.body);
    return doc && of_claude(doc->root());
  }

  InvokeTranslation translation_;
};

}  // namespace

const Codec& bedrock_invoke() {
  static const BedrockInvokeCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
