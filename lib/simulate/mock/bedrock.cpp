// Bedrock's Converse (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html); its
// stream is AWS's event stream: frames with a CRC-32 of the prelude and one of the whole.
#include <zlib.h>

#include "base/text.h"
#include "simulate/mock/speaker.h"

namespace llmgw::simulate {
namespace {

void append_big_endian(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

uint32_t crc_of(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  constexpr char kString = 7;
  out += static_cast<char>(name.size());
  out.append(name) += kString;
  out += static_cast<char>(value.size() >> 8);
  out += static_cast<char>(value.size());
  out += value;
}

// total length, headers' length, CRC of these, headers, payload, CRC of all before it.
void append_frame(std::string& out, std::string_view message_type, std::string_view type,
                  std::string_view payload) {
  std::string headers;
  append_header(headers, message_type == "event" ? ":event-type" : ":exception-type", type);
  append_header(headers, ":content-type", "application/json");
  append_header(headers, ":message-type", message_type);
  std::string frame;
  append_big_endian(frame, static_cast<uint32_t>(headers.size() + payload.size() + 16));
  append_big_endian(frame, static_cast<uint32_t>(headers.size()));
  append_big_endian(frame, crc_of(frame));
  frame.append(headers).append(payload);
  append_big_endian(frame, crc_of(frame));
  out += frame;
}

template <typename Write>
void append_stream_event(std::string& out, std::string_view type, const Write& write) {
  std::string payload;
  json::Writer w(payload);
  w.begin_object();
  write(w);
  w.end_object();
  append_frame(out, "event", type, payload);
}

Result<Prompt> read_converse(json::Value body) {
  Prompt prompt;
  const auto messages = body["messages"];
  if (!messages.is(json::Kind::array) || messages.size() == 0) {
    return unreadable("messages",
                      "1 validation error detected: Value at 'messages' failed to satisfy constraint: Member "
                      "must not be null");
  }
  read_content(body["system"], prompt);
  for (auto [_, message] : messages.elements()) {
    const auto text = read_content(message["content"], prompt);
    prompt.tool_result.reset();
    for (auto [at, part] : message["content"].elements()) {
      if (const auto result = part["toolResult"])
        prompt.tool_result = read_content(result["content"], prompt);
    }
    if (message["role"].says("user") && !prompt.tool_result) prompt.last_user_text = text;
  }
  const auto first = body["toolConfig"]["tools"].at(0)["toolSpec"];
  if (first) {
    prompt.tool_name = first["name"].text();
    prompt.tool_schema = first["inputSchema"]["json"].raw();
    prompt.text_bytes += static_cast<int64_t>(first.raw().size());
  }
  const auto schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"];
  if (schema.is(json::Kind::string)) prompt.schema = schema.text();
  prompt.max_tokens = body["inferenceConfig"]["maxTokens"].integer();
  return prompt;
}

class ConverseSpeaker final : public Speaker {
 public:
  ConverseSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {}

  std::string_view stream_type() const override { return "application/vnd.amazon.eventstream"; }

  std::string whole() override {
    std::string out;
    json::Writer w(out);
    w.begin_object().key("output").begin_object().key("message").begin_object().member("role", "assistant");
    w.key("content").begin_array().begin_object();
    if (tool()) {
      w.key("toolUse")
          .begin_object()
          .member("toolUseId", "tooluse_" + id_.token)
          .member("name", prompt_.tool_name);
      w.key("input").raw(answer_.text()).end_object();
    } else {
      w.member("text", answer_.text());
    }
    w.end_object().end_array().end_object().end_object().member("stopReason", stop());
    write_usage(w);
    w.end_object();
    return out;
  }

  void open(std::string& out) override {
    append_stream_event(out, "messageStart", [](json::Writer& w) { w.member("role", "assistant"); });
    if (!tool()) return;
    append_stream_event(out, "contentBlockStart", [&](json::Writer& w) {
      w.member("contentBlockIndex", 0).key("start").begin_object().key("toolUse").begin_object();
      w.member("toolUseId", "tooluse_" + id_.token)
          .member("name", prompt_.tool_name)
          .end_object()
          .end_object();
    });
  }

  void piece(size_t i, std::string& out) override {
    append_stream_event(out, "contentBlockDelta", [&](json::Writer& w) {
      w.member("contentBlockIndex", 0).key("delta").begin_object();
      if (tool()) {
        w.key("toolUse").begin_object().member("input", answer_.piece(i)).end_object();
      } else {
        w.member("text", answer_.piece(i));
      }
      w.end_object();
    });
  }

  void close(std::string& out) override {
    append_stream_event(out, "contentBlockStop", [](json::Writer& w) { w.member("contentBlockIndex", 0); });
    append_stream_event(out, "messageStop", [&](json::Writer& w) { w.member("stopReason", stop()); });
    append_stream_event(out, "metadata", [&](json::Writer& w) { write_usage(w); });
  }

  void error(const Refusal& refusal, std::string& out) override {
    const std::string_view type = refusal.status == 429   ? "throttlingException"
                                  : refusal.status == 503 ? "serviceUnavailableException"
                                  : refusal.status < 500  ? "validationException"
                                                          : "internalServerException";
    append_frame(out, "exception", type, bedrock_error_reply(refusal).body);
  }

 private:
  bool tool() const { return answer_.kind() == Answer::Kind::tool; }
  std::string_view stop() const {
    if (tool()) return "tool_use";
    if (answer_.kind() == Answer::Kind::refusal) return "content_filtered";
    return answer_.cut_by_limit() ? "max_tokens" : "end_turn";
  }
  void write_usage(json::Writer& w) const {
    w.key("usage")
        .begin_object()
        .member("inputTokens", prompt_.tokens())
        .member("outputTokens", answer_.tokens());
    w.member("totalTokens", prompt_.tokens() + answer_.tokens()).end_object();
    w.key("metrics").begin_object().member("latencyMs", 1).end_object();
  }

  const Prompt& prompt_;
  const Answer& answer_;
  ReplyId id_;
};

struct Words {
  std::string_view type;
  std::string message;
};

Words words(const Refusal& refusal) {
  if (refusal.reason == Fault::Reason::context_length)
    return {"ValidationException", "Input is too long for requested model."};
  if (refusal.reason == Fault::Reason::unknown_model)
    return {"ValidationException", "The provided model identifier is invalid."};
  switch (refusal.status) {
    case 401:
      return {"UnrecognizedClientException", "The security token included in the request is invalid."};
    case 402:
    case 403:
      return {"AccessDeniedException", "You don't have access to the model with the specified model ID."};
    case 404:
      return {"ResourceNotFoundException",
              "Could not resolve the foundation model from the provided model identifier."};
    case 408: return {"ModelTimeoutException", "The model took too long to answer."};
    case 429: return {"ThrottlingException", "Too many requests, please wait before trying again."};
    case 503:
    case 529: return {"ServiceUnavailableException", "Bedrock is unable to process your request."};
    default: break;
  }
  if (refusal.status < 500) return {"ValidationException", "The request is malformed."};
  return {"InternalServerException",
          "The system encountered an unexpected error during processing. Try your request again."};
}

}  // namespace

ErrorReply bedrock_error_reply(const Refusal& refusal) {
  const Words w = words(refusal);
  ErrorReply reply;
  reply.headers.add("x-amzn-errortype",
                    std::string(w.type) + ":http://internal.amazon.com/coral/com.amazon.bedrock/");
  json::Writer(reply.body)
      .begin_object()
      .member("message", refusal.message.empty() ? w.message : refusal.message)
      .end_object();
  return reply;
}

const Speech& converse_speech() {
  static const Speech speech{read_converse,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<ConverseSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
