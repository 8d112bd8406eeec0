// Ollama's chat (https://github.com/ollama/ollama/blob/main/docs/api.md).
#include "base/text.h"
#include "observe/timestamp.h"
#include "simulate/mock/call.h"

namespace llmgw::simulate {
namespace {

Result<Prompt> read_chat(json::Value body) {
  Prompt prompt;
  const auto messages = body["messages"];
  if (!messages.is(json::Kind::array)) return unreadable("messages", "messages is required");
  for (auto [_, message] : messages.elements()) {
    const auto role = message["role"].text();
    if (!message["content"].is(json::Kind::string) && message["content"])
      return unreadable("messages",
                        "json: cannot unmarshal array into Go struct field Message.content of type string");
    const auto text = read_content(message["content"], prompt);
    prompt.tool_result.reset();
    if (role == "tool") prompt.tool_result = text;
    if (role == "user") prompt.last_user_text = text;
  }
  const auto format = body["format"];
  if (format.is(json::Kind::object)) prompt.schema = std::string(format.raw());
  prompt.json = format.says("json");
  prompt.stream = body["stream"].boolean() != false;
  const auto most = body["options"]["num_predict"].integer();
  if (most && *most > 0) prompt.max_tokens = most;
  for (auto [_, tool] : body["tools"].elements()) {
    prompt.text_bytes += static_cast<int64_t>(tool.raw().size());
    if (!prompt.tool_name.empty()) continue;
    prompt.tool_name = tool["function"]["name"].text();
    prompt.tool_schema = tool["function"]["parameters"].raw();
  }
  return prompt;
}

class OllamaSpeaker final : public Speaker {
 public:
  OllamaSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {}

  std::string_view stream_type() const override { return "application/x-ndjson"; }

  std::string whole() override {
    std::string out;
    json::Writer w(out);
    write_message(begin(w), tool() ? "" : std::string_view(answer_.text()), tool());
    write_done(w);
    return out;
  }

  void open(std::string&) override {}

  // A call comes whole.
  void piece(size_t i, std::string& out) override {
    if (tool() && i + 1 < answer_.pieces()) return;
    json::Writer w(out);
    write_message(begin(w), tool() ? std::string_view() : answer_.piece(i), tool());
    w.member("done", false).end_object();
    out += '\n';
  }

  void close(std::string& out) override {
    json::Writer w(out);
    write_message(begin(w), "", false);
    write_done(w);
    out += '\n';
  }

  void error(const Refusal& refusal, std::string& out) override {
    out += ollama_error_reply(refusal).body + "\n";
  }

 private:
  bool tool() const { return answer_.kind() == Answer::Kind::tool; }

  json::Writer& begin(json::Writer& w) const {
    return w.begin_object()
        .member("model", prompt_.model)
        .member("created_at", observe::timestamp(WallTime(std::chrono::seconds(id_.created))));
  }

  void write_message(json::Writer& w, std::string_view text, bool call) const {
    w.key("message").begin_object().member("role", "assistant").member("content", text);
    if (call) {
      w.key("tool_calls").begin_array().begin_object().key("function").begin_object();
      w.member("name", prompt_.tool_name).key("arguments").raw(answer_.text());
      w.end_object().end_object().end_array();
    }
    w.end_object();
  }

  void write_done(json::Writer& w) const {
    w.member("done", true).member("done_reason", answer_.cut_by_limit() ? "length" : "stop");
    w.member("total_duration", int64_t{5'000'000}).member("load_duration", int64_t{1'000'000});
    w.member("prompt_eval_count", prompt_.tokens()).member("prompt_eval_duration", int64_t{2'000'000});
    w.member("eval_count", answer_.tokens()).member("eval_duration", int64_t{2'000'000}).end_object();
  }

  const Prompt& prompt_;
  const Answer& answer_;
  ReplyId id_;
};

}  // namespace

ErrorReply ollama_error_reply(const Refusal& refusal) {
  std::string message = refusal.message;
  if (message.empty() && refusal.reason == Fault::Reason::unknown_model)
    message = "model '" + refusal.model + "' not found";
  if (message.empty() && refusal.status == 503)
    message = "server busy, please try again.  maximum pending requests exceeded";
  if (message.empty())
    message = refusal.status < 500 ? "invalid request" : "llama runner process has terminated";
  ErrorReply reply;
  json::Writer(reply.body).begin_object().member("error", message).end_object();
  return reply;
}

const Speech& ollama_speech() {
  static const Speech speech{read_chat,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<OllamaSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
