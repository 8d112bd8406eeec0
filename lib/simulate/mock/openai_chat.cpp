// Chat completions (https://platform.openai.com/docs/api-reference/chat), whole and streamed.
#include <algorithm>

#include "simulate/mock/openai.h"
#include "simulate/mock/speaker.h"

namespace llmgw::simulate {
namespace {

void read_tools(json::Value body, Prompt& prompt) {
  const auto wanted = body["tool_choice"]["function"]["name"].text();
  for (auto [_, tool] : body["tools"].elements()) {
    const auto function = tool["function"];
    prompt.text_bytes += static_cast<int64_t>(tool.raw().size());
    const auto name = function["name"].text();
    if (!prompt.tool_name.empty() && name != wanted) continue;
    prompt.tool_name = name;
    prompt.tool_schema = function["parameters"].raw();
  }
}

Result<Prompt> read_chat(json::Value body) {
  Prompt prompt;
  const auto messages = body["messages"];
  if (!messages) return unreadable("messages", "Missing required parameter: 'messages'.");
  if (!messages.is(json::Kind::array) || messages.size() == 0) {
    return unreadable("messages", "Invalid 'messages': expected a non-empty array.");
  }
  size_t i = 0;
  for (auto [_, message] : messages.elements()) {
    const auto role = message["role"].string();
    if (!role) {
      const auto at = "messages[" + std::to_string(i) + "].role";
      return unreadable(at, "Missing required parameter: '" + at + "'.");
    }
    const auto text = read_content(message["content"], prompt);
    if (*role == "user") prompt.last_user_text = text;
    prompt.tool_result = *role == "tool" ? std::optional(text) : std::nullopt;
    ++i;
  }
  read_tools(body, prompt);
  const auto format = body["response_format"];
  if (format["type"].says("json_schema")) prompt.schema = std::string(format["json_schema"]["schema"].raw());
  prompt.json = format["type"].says("json_object");
  prompt.max_tokens = body["max_completion_tokens"].integer();
  if (!prompt.max_tokens) prompt.max_tokens = body["max_tokens"].integer();
  if (prompt.max_tokens && *prompt.max_tokens < 1) {
    return unreadable("max_tokens",
                      "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1.");
  }
  const int64_t n = body["n"].integer().value_or(1);
  if (n < 1 || n > 128) return unreadable("n", "Invalid 'n': expected an integer from 1 to 128.");
  prompt.choices = static_cast<int>(n);
  prompt.logprobs = body["logprobs"].boolean().value_or(false);
  prompt.top_logprobs =
      static_cast<int>(std::clamp<int64_t>(body["top_logprobs"].integer().value_or(0), 0, 20));
  prompt.wants_usage = body["stream_options"]["include_usage"].boolean().value_or(false);
  return prompt;
}

void write_logprob(json::Writer& w, std::string_view token, bool with_top, int top) {
  w.member("token", token).member("logprob", -0.1).key("bytes").begin_array();
  for (const char c : token) w.integer(static_cast<unsigned char>(c));
  w.end_array();
  if (!with_top) return;
  w.key("top_logprobs").begin_array();
  for (int i = 0; i < top; ++i) {
    w.begin_object();
    write_logprob(w, i == 0 ? token : std::string_view("?"), false, 0);
    w.end_object();
  }
  w.end_array();
}

class ChatSpeaker final : public Speaker {
 public:
  ChatSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer), id_(std::move(id)) {
    for (int i = 0; i < prompt_.choices; ++i) {
      std::string frame = head("chat.completion.chunk");
      frame += ",\"choices\":[{\"index\":" + std::to_string(i) + ",\"delta\":{";
      frames_.push_back(std::move(frame));
    }
  }

  std::string whole() override {
    std::string out = head("chat.completion") + ",\"choices\":";
    json::Writer w(out);
    w.begin_array();
    for (int i = 0; i < prompt_.choices; ++i) {
      w.begin_object().member("index", i).key("message").begin_object().member("role", "assistant");
      const bool text = answer_.kind() == Answer::Kind::text;
      w.key("content");
      text ? w.string(answer_.text()) : w.null();
      w.key("refusal");
      answer_.kind() == Answer::Kind::refusal ? w.string(answer_.text()) : w.null();
      if (answer_.kind() == Answer::Kind::tool) {
        w.key("tool_calls").begin_array().begin_object().member("id", call_id(i)).member("type", "function");
        w.key("function")
            .begin_object()
            .member("name", prompt_.tool_name)
            .member("arguments", answer_.text());
        w.end_object().end_object().end_array();
      } else {
        w.key("annotations").begin_array().end_array();
      }
      w.end_object().key("logprobs");
      write_logprobs(w, 0, answer_.pieces());
      w.member("finish_reason", finish()).end_object();
    }
    w.end_array();
    out += ",\"usage\":";
    write_usage(out);
    return out + "}";
  }

  void open(std::string& out) override {
    for (int i = 0; i < prompt_.choices; ++i) {
      delta(i, out, [&](json::Writer& w) {
        w.member("role", "assistant").key("content");
        if (answer_.kind() != Answer::Kind::tool) {
          w.string("");
        } else {
          w.null().key("tool_calls").begin_array().begin_object().member("index", 0).member("id", call_id(i));
          w.member("type", "function").key("function").begin_object().member("name", prompt_.tool_name);
          w.member("arguments", "").end_object().end_object().end_array();
        }
        w.key("refusal").null();
      });
    }
  }

  void piece(size_t i, std::string& out) override {
    const auto text = answer_.piece(i);
    for (int choice = 0; choice < prompt_.choices; ++choice) {
      out.append("data: ").append(frames_[static_cast<size_t>(choice)]);
      if (answer_.kind() == Answer::Kind::tool) {
        out += R"("tool_calls":[{"index":0,"function":{"arguments":)";
        json::append_quoted(out, text);
        out += "}}]}";
      } else {
        out += answer_.kind() == Answer::Kind::refusal ? "\"refusal\":" : "\"content\":";
        json::append_quoted(out, text);
        out += "}";
      }
      out += ",\"logprobs\":";
      json::Writer w(out);
      write_logprobs(w, i, i + 1);
      out += ",\"finish_reason\":null}]";
      out += prompt_.wants_usage ? ",\"usage\":null}\n\n" : "}\n\n";
    }
  }

  void close(std::string& out) override {
    for (const auto& frame : frames_) {
      out.append("data: ").append(frame).append("},\"logprobs\":null,\"finish_reason\":\"").append(finish());
      out += prompt_.wants_usage ? "\"}],\"usage\":null}\n\n" : "\"}]}\n\n";
    }
    if (prompt_.wants_usage) {
      out += "data: " + head("chat.completion.chunk") + ",\"choices\":[],\"usage\":";
      write_usage(out);
      out += "}\n\n";
    }
    out += "data: [DONE]\n\n";
  }

  void error(const Refusal& refusal, std::string& out) override {
    out += "data: " + openai_error_reply(refusal).body + "\n\n";
  }

 private:
  std::string head(std::string_view object) const {
    std::string out = "{\"id\":\"chatcmpl-" + id_.token + "\",\"object\":\"";
    out.append(object).append("\",\"created\":").append(std::to_string(id_.created)).append(",\"model\":");
    json::append_quoted(out, prompt_.model);
    return out + R"(,"service_tier":"default","system_fingerprint":"fp_mock")";
  }

  template <typename Write>
  void delta(int choice, std::string& out, const Write& write) const {
    out.append("data: ").append(frames_[static_cast<size_t>(choice)]);
    json::Writer w(out);
    write(w);
    out += "},\"logprobs\":null,\"finish_reason\":null}]";
    out += prompt_.wants_usage ? ",\"usage\":null}\n\n" : "}\n\n";
  }

  void write_logprobs(json::Writer& w, size_t from, size_t to) const {
    if (!prompt_.logprobs || answer_.kind() != Answer::Kind::text) {
      w.null();
      return;
    }
    w.begin_object().key("content").begin_array();
    for (size_t i = from; i < to; ++i) {
      w.begin_object();
      write_logprob(w, answer_.piece(i), true, prompt_.top_logprobs);
      w.end_object();
    }
    w.end_array().key("refusal").null().end_object();
  }

  std::string call_id(int choice) const { return "call_" + id_.token + std::to_string(choice); }

  std::string_view finish() const {
    if (answer_.kind() == Answer::Kind::tool) return "tool_calls";
    return answer_.cut_by_limit() ? "length" : "stop";
  }

  void write_usage(std::string& out) const {
    append_openai_usage(out, prompt_.tokens(), answer_.tokens() * prompt_.choices, true);
  }

  const Prompt& prompt_;
  const Answer& answer_;
  ReplyId id_;
  std::vector<std::string> frames_;  // per choice: a chunk up to and including `"delta":{`
};

}  // namespace

void append_openai_usage(std::string& out, int64_t input, int64_t output, bool chat_names) {
  json::Writer w(out);
  w.begin_object().member(chat_names ? "prompt_tokens" : "input_tokens", input);
  if (!chat_names) w.key("input_tokens_details").begin_object().member("cached_tokens", 0).end_object();
  w.member(chat_names ? "completion_tokens" : "output_tokens", output);
  if (!chat_names) w.key("output_tokens_details").begin_object().member("reasoning_tokens", 0).end_object();
  w.member("total_tokens", input + output);
  if (chat_names) {
    w.key("prompt_tokens_details")
        .begin_object()
        .member("cached_tokens", 0)
        .member("audio_tokens", 0)
        .end_object();
    w.key("completion_tokens_details").begin_object().member("reasoning_tokens", 0).member("audio_tokens", 0);
    w.member("accepted_prediction_tokens", 0).member("rejected_prediction_tokens", 0).end_object();
  }
  w.end_object();
}

const Speech& chat_speech() {
  static const Speech speech{read_chat,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<ChatSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
