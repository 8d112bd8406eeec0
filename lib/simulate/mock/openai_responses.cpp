// Responses (https://platform.openai.com/docs/api-reference/responses-streaming): one output item, its events
// in the vendor's order, each with a sequence number.
#include "simulate/mock/openai.h"
#include "simulate/mock/speaker.h"

namespace llmgw::simulate {
namespace {

Result<Prompt> read_response(json::Value body) {
  Prompt prompt;
  const auto input = body["input"];
  if (!input) return unreadable("input", "Missing required parameter: 'input'.");
  read_content(body["instructions"], prompt);
  if (input.is(json::Kind::string)) {
    prompt.last_user_text = read_content(input, prompt);
  } else if (!input.is(json::Kind::array)) {
    return unreadable("input", "Invalid 'input': expected a string or an array of items.");
  }
  for (auto [_, item] : input.elements()) {
    prompt.tool_result.reset();
    if (item["type"].says("function_call_output")) {
      prompt.tool_result = read_content(item["output"], prompt);
    } else {
      const auto text = read_content(item["content"], prompt);
      if (item["role"].says("user")) prompt.last_user_text = text;
    }
  }
  const auto wanted = body["tool_choice"]["name"].text();
  for (auto [_, tool] : body["tools"].elements()) {
    prompt.text_bytes += static_cast<int64_t>(tool.raw().size());
    if (!tool["type"].says("function")) continue;
    if (!prompt.tool_name.empty() && tool["name"].text() != wanted) continue;
    prompt.tool_name = tool["name"].text();
    prompt.tool_schema = tool["parameters"].raw();
  }
  const auto format = body["text"]["format"];
  if (format["type"].says("json_schema")) prompt.schema = std::string(format["schema"].raw());
  prompt.json = format["type"].says("json_object");
  prompt.max_tokens = body["max_output_tokens"].integer();
  return prompt;
}

class ResponseSpeaker final : public Speaker {
 public:
  ResponseSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {}

  std::string whole() override {
    std::string out;
    json::Writer w(out);
    write_response(w, final_status());
    return out;
  }

  void open(std::string& out) override {
    event(out, "response.created",
          [&](json::Writer& w) { write_response(w.key("response"), "in_progress"); });
    event(out, "response.in_progress",
          [&](json::Writer& w) { write_response(w.key("response"), "in_progress"); });
    event(out, "response.output_item.added", [&](json::Writer& w) {
      w.member("output_index", 0);
      write_item(w.key("item"), "in_progress");
    });
    if (tool()) return;
    event(out, "response.content_part.added", [&](json::Writer& w) {
      place(w);
      write_part(w.key("part"), "");
    });
  }

  void piece(size_t i, std::string& out) override {
    event(out, tool() ? "response.function_call_arguments.delta" : name(".delta"), [&](json::Writer& w) {
      place(w);
      w.member("delta", answer_.piece(i));
      if (answer_.kind() == Answer::Kind::text) w.key("logprobs").begin_array().end_array();
    });
  }

  void close(std::string& out) override {
    if (tool()) {
      event(out, "response.function_call_arguments.done", [&](json::Writer& w) {
        place(w);
        w.member("name", prompt_.tool_name).member("arguments", answer_.text());
      });
    } else {
      event(out, name(".done"), [&](json::Writer& w) {
        place(w);
        w.member(refusal() ? "refusal" : "text", answer_.text());
        if (!refusal()) w.key("logprobs").begin_array().end_array();
      });
      event(out, "response.content_part.done", [&](json::Writer& w) {
        place(w);
        write_part(w.key("part"), answer_.text());
      });
    }
    event(out, "response.output_item.done", [&](json::Writer& w) {
      w.member("output_index", 0);
      write_item(w.key("item"), final_status());
    });
    event(out, answer_.cut_by_limit() ? "response.incomplete" : "response.completed",
          [&](json::Writer& w) { write_response(w.key("response"), final_status()); });
  }

  void error(const Refusal& refusal, std::string& out) override {
    const std::string body = openai_error_reply(refusal).body;
    const auto doc = json::Doc::parse(body);
    const auto error = doc->root()["error"];
    event(out, "error", [&](json::Writer& w) {
      w.key("code").raw(error["code"].raw()).key("message").raw(error["message"].raw()).key("param").null();
    });
  }

 private:
  bool tool() const { return answer_.kind() == Answer::Kind::tool; }
  bool refusal() const { return answer_.kind() == Answer::Kind::refusal; }
  std::string_view final_status() const { return answer_.cut_by_limit() ? "incomplete" : "completed"; }
  std::string item_id() const { return (tool() ? "fc_" : "msg_") + id_.token; }
  std::string name(std::string_view end) const {
    return (refusal() ? "response.refusal" : "response.output_text") + std::string(end);
  }

  template <typename Write>
  void event(std::string& out, std::string_view type, const Write& write) {
    append_event(out, type, [&](json::Writer& w) {
      w.member("sequence_number", sequence_++);
      write(w);
    });
  }

  void place(json::Writer& w) const {
    w.member("item_id", item_id()).member("output_index", 0);
    if (!tool()) w.member("content_index", 0);
  }

  void write_part(json::Writer& w, std::string_view text) const {
    w.begin_object()
        .member("type", refusal() ? "refusal" : "output_text")
        .member(refusal() ? "refusal" : "text", text);
    if (!refusal()) w.key("annotations").begin_array().end_array().key("logprobs").begin_array().end_array();
    w.end_object();
  }

  void write_item(json::Writer& w, std::string_view status) const {
    const bool whole = status != "in_progress";
    w.begin_object()
        .member("id", item_id())
        .member("type", tool() ? "function_call" : "message")
        .member("status", status);
    if (tool()) {
      w.member("arguments", whole ? std::string_view(answer_.text()) : "")
          .member("call_id", "call_" + id_.token);
      w.member("name", prompt_.tool_name);
    } else {
      w.key("content").begin_array();
      if (whole) write_part(w, answer_.text());
      w.end_array().member("role", "assistant");
    }
    w.end_object();
  }

  void write_response(json::Writer& w, std::string_view status) const {
    const bool whole = status != "in_progress";
    w.begin_object()
        .member("id", "resp_" + id_.token)
        .member("object", "response")
        .member("created_at", id_.created);
    w.member("status", status).member("background", false).key("error").null().key("incomplete_details");
    if (status == "incomplete") {
      w.begin_object().member("reason", "max_output_tokens").end_object();
    } else {
      w.null();
    }
    w.key("instructions").null().key("max_output_tokens");
    prompt_.max_tokens ? w.integer(*prompt_.max_tokens) : w.null();
    w.member("model", prompt_.model).key("output").begin_array();
    if (whole) write_item(w, status);
    w.end_array().member("parallel_tool_calls", true).key("previous_response_id").null();
    w.key("reasoning").begin_object().key("effort").null().key("summary").null().end_object();
    w.member("store", false).member("temperature", 1.0).key("text").begin_object();
    w.key("format").begin_object().member("type", "text").end_object().end_object();
    w.member("tool_choice", "auto").key("tools").begin_array().end_array().member("top_p", 1.0);
    w.member("truncation", "disabled").key("usage");
    if (whole) {
      std::string usage;
      append_openai_usage(usage, prompt_.tokens(), answer_.tokens(), false);
      w.raw(usage);
    } else {
      w.null();
    }
    w.key("user").null().key("metadata").begin_object().end_object().end_object();
  }

  const Prompt& prompt_;
  const Answer& answer_;
  ReplyId id_;
  int64_t sequence_ = 0;
};

}  // namespace

const Speech& responses_speech() {
  static const Speech speech{read_response,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<ResponseSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
