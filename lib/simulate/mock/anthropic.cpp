// Anthropic's Messages (https://docs.anthropic.com/en/api/messages, /messages-streaming, /errors).
#include "base/text.h"
#include "simulate/mock/call.h"

namespace llmgw::simulate {
namespace {

Result<Prompt> read_messages(json::Value body) {
  Prompt prompt;
  const auto messages = body["messages"];
  if (!messages.is(json::Kind::array) || messages.size() == 0)
    return unreadable("messages", "messages: Field required");
  prompt.max_tokens = body["max_tokens"].integer();
  if (!prompt.max_tokens) return unreadable("max_tokens", "max_tokens: Field required");
  if (*prompt.max_tokens < 1)
    return unreadable("max_tokens", "max_tokens: Input should be greater than or equal to 1");
  read_content(body["system"], prompt);
  size_t i = 0;
  for (auto [_, message] : messages.elements()) {
    const auto role = message["role"].text();
    if (role != "user" && role != "assistant") {
      return unreadable("messages",
                        "messages." + std::to_string(i) + ".role: Input should be 'user' or 'assistant'");
    }
    ++i;
    const auto text = read_content(message["content"], prompt);
    prompt.tool_result.reset();
    for (auto [at, part] : message["content"].elements()) {
      if (part["type"].says("tool_result")) prompt.tool_result = read_content(part["content"], prompt);
    }
    if (role == "user" && !prompt.tool_result) prompt.last_user_text = text;
  }
  const auto wanted = body["tool_choice"]["name"].text();
  for (auto [_, tool] : body["tools"].elements()) {
    prompt.text_bytes += static_cast<int64_t>(tool.raw().size());
    if (!prompt.tool_name.empty() && tool["name"].text() != wanted) continue;
    prompt.tool_name = tool["name"].text();
    prompt.tool_schema = tool["input_schema"].raw();
  }
  const auto format = body["output_config"]["format"];
  if (format["type"].says("json_schema")) prompt.schema = std::string(format["schema"].raw());
  return prompt;
}

class MessageSpeaker final : public Speaker {
 public:
  MessageSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {}

  std::string whole() override {
    std::string out;
    json::Writer w(out);
    write_message(w, true);
    return out;
  }

  void open(std::string& out) override {
    append_event(out, "message_start", [&](json::Writer& w) { write_message(w.key("message"), false); });
    append_event(out, "content_block_start", [&](json::Writer& w) {
      w.member("index", 0);
      write_block(w.key("content_block"), false);
    });
    append_event(out, "ping", [](json::Writer&) {});
  }

  void piece(size_t i, std::string& out) override {
    append_event(out, "content_block_delta", [&](json::Writer& w) {
      w.member("index", 0).key("delta").begin_object();
      w.member("type", tool() ? "input_json_delta" : "text_delta");
      w.member(tool() ? "partial_json" : "text", answer_.piece(i)).end_object();
    });
  }

  void close(std::string& out) override {
    append_event(out, "content_block_stop", [](json::Writer& w) { w.member("index", 0); });
    append_event(out, "message_delta", [&](json::Writer& w) {
      w.key("delta").begin_object().member("stop_reason", stop()).key("stop_sequence").null().end_object();
      w.key("usage").begin_object().member("output_tokens", answer_.tokens()).end_object();
    });
    append_event(out, "message_stop", [](json::Writer&) {});
  }

  void error(const Refusal& refusal, std::string& out) override {
    out += "event: error\ndata: " + anthropic_error_reply(refusal, "req_" + id_.token).body + "\n\n";
  }

 private:
  bool tool() const { return answer_.kind() == Answer::Kind::tool; }
  std::string_view stop() const {
    if (tool()) return "tool_use";
    if (answer_.kind() == Answer::Kind::refusal) return "refusal";
    return answer_.cut_by_limit() ? "max_tokens" : "end_turn";
  }

  void write_block(json::Writer& w, bool whole) const {
    w.begin_object().member("type", tool() ? "tool_use" : "text");
    if (tool()) {
      w.member("id", "toolu_" + id_.token).member("name", prompt_.tool_name).key("input");
      w.raw(whole ? std::string_view(answer_.text()) : "{}");
    } else {
      w.member("text", whole ? std::string_view(answer_.text()) : "");
    }
    w.end_object();
  }

  void write_message(json::Writer& w, bool whole) const {
    w.begin_object().member("id", "msg_" + id_.token).member("type", "message").member("role", "assistant");
    w.member("model", prompt_.model).key("content").begin_array();
    if (whole) write_block(w, true);
    w.end_array().key("stop_reason");
    whole ? w.string(stop()) : w.null();
    w.key("stop_sequence").null().key("usage").begin_object().member("input_tokens", prompt_.tokens());
    w.member("cache_creation_input_tokens", 0).member("cache_read_input_tokens", 0);
    w.member("output_tokens", whole ? answer_.tokens() : int64_t{1}).end_object().end_object();
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
  using Reason = Fault::Reason;
  switch (refusal.reason) {
    case Reason::quota:
      return {"invalid_request_error",
              "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to "
              "upgrade or "
              "purchase credits."};
    case Reason::context_length:
      return {"invalid_request_error", "prompt is too long: 200015 tokens > 200000 maximum"};
    case Reason::content_filter:
      return {"invalid_request_error", "Output blocked by content filtering policy"};
    case Reason::unknown_model: return {"not_found_error", "model: " + refusal.model};
    case Reason::plain:
    case Reason::refused_key: break;
  }
  switch (refusal.status) {
    case 401: return {"authentication_error", "invalid x-api-key"};
    case 402: return {"billing_error", "There is an issue with your billing or payment information."};
    case 403:
      return {"permission_error", "Your API key does not have permission to use the specified resource."};
    case 404: return {"not_found_error", "The requested resource could not be found."};
    case 413: return {"request_too_large", "Request exceeds the maximum size"};
    case 429:
      return {"rate_limit_error",
              "This request would exceed your account's rate limit. Please try again later."};
    case 504: return {"timeout_error", "The request timed out."};
    case 503:
    case 529: return {"overloaded_error", "Overloaded"};
    default: break;
  }
  if (refusal.status < 500) return {"invalid_request_error", "messages: Invalid value"};
  return {"api_error", "Internal server error"};
}

}  // namespace

ErrorReply anthropic_error_reply(const Refusal& refusal, std::string_view request_id) {
  const Words w = words(refusal);
  ErrorReply reply;
  json::Writer writer(reply.body);
  writer.begin_object().member("type", "error").key("error").begin_object().member("type", w.type);
  writer.member("message", refusal.message.empty() ? w.message : refusal.message).end_object();
  writer.member("request_id", request_id).end_object();
  return reply;
}

std::optional<Result<PlainReply>> anthropic_other(const OtherCall& call, MockState& state) {
  if (call.path == "/messages/count_tokens" && call.request.method == "POST") {
    Prompt prompt;
    read_content(call.body["system"], prompt);
    for (auto [_, message] : call.body["messages"].elements()) read_content(message["content"], prompt);
    return PlainReply{.body = "{\"input_tokens\":" + std::to_string(prompt.tokens()) + "}"};
  }
  if (call.path == "/models" && call.request.method == "GET") {
    PlainReply reply;
    json::Writer w(reply.body);
    const auto names = state.models();
    w.begin_object().key("data").begin_array();
    for (const auto& name : names) {
      w.begin_object().member("type", "model").member("id", name).member("display_name", name);
      w.member("created_at", "2026-01-01T00:00:00Z").end_object();
    }
    w.end_array()
        .member("has_more", false)
        .member("first_id", names.front())
        .member("last_id", names.back())
        .end_object();
    return reply;
  }
  return std::nullopt;
}

const Speech& messages_speech() {
  static const Speech speech{read_messages,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<MessageSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
