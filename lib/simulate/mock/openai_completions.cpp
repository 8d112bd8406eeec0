// The legacy completions (https://platform.openai.com/docs/api-reference/completions).
#include "simulate/mock/openai.h"
#include "simulate/mock/speaker.h"

namespace llmgw::simulate {
namespace {

Result<Prompt> read_completion(json::Value body) {
  Prompt prompt;
  const auto given = body["prompt"];
  if (!given) return unreadable("prompt", "Missing required parameter: 'prompt'.");
  if (given.is(json::Kind::array) && given.at(0).is(json::Kind::number)) {
    prompt.last_user_text = "(" + std::to_string(given.size()) + " tokens)";
    prompt.text_bytes = static_cast<int64_t>(given.size()) * 4;
  } else {
    prompt.last_user_text = read_content(given.is(json::Kind::array) ? given.at(0) : given, prompt);
  }
  prompt.max_tokens = body["max_tokens"].integer();
  const int64_t n = body["n"].integer().value_or(1);
  if (n < 1 || n > 128) return unreadable("n", "Invalid 'n': expected an integer from 1 to 128.");
  prompt.choices = static_cast<int>(n);
  prompt.wants_usage = body["stream_options"]["include_usage"].boolean().value_or(false);
  return prompt;
}

class CompletionSpeaker final : public Speaker {
 public:
  CompletionSpeaker(const Prompt& prompt, const Answer& answer, ReplyId id)
      : prompt_(prompt), answer_(answer) {
    head_ = "{\"id\":\"cmpl-" + std::move(id.token) +
            "\",\"object\":\"text_completion\",\"created\":" + std::to_string(id.created) +
            ",\"model\":" + json::quoted(prompt.model) + ",\"system_fingerprint\":\"fp_mock\",\"choices\":[";
  }

  std::string whole() override {
    std::string out = head_;
    for (int i = 0; i < prompt_.choices; ++i) {
      if (i > 0) out += ',';
      choice(i, answer_.text(), finish(), out);
    }
    out += "],\"usage\":";
    append_openai_usage(out, prompt_.tokens(), answer_.tokens() * prompt_.choices, true);
    return out + "}";
  }

  void open(std::string&) override {}
  void piece(size_t i, std::string& out) override { chunk(answer_.piece(i), {}, out); }
  void close(std::string& out) override {
    chunk("", finish(), out);
    if (prompt_.wants_usage) {
      out += "data: " + head_ + "],\"usage\":";
      append_openai_usage(out, prompt_.tokens(), answer_.tokens() * prompt_.choices, true);
      out += "}\n\n";
    }
    out += "data: [DONE]\n\n";
  }
  void error(const Refusal& refusal, std::string& out) override {
    out += "data: " + openai_error_reply(refusal).body + "\n\n";
  }

 private:
  void chunk(std::string_view text, std::string_view finish, std::string& out) const {
    for (int i = 0; i < prompt_.choices; ++i) {
      out += "data: " + head_;
      choice(i, text, finish, out);
      out += prompt_.wants_usage ? "],\"usage\":null}\n\n" : "]}\n\n";
    }
  }
  static void choice(int i, std::string_view text, std::string_view finish, std::string& out) {
    json::Writer w(out);
    w.begin_object().member("text", text).member("index", i).key("logprobs").null().key("finish_reason");
    finish.empty() ? w.null() : w.string(finish);
    w.end_object();
  }
  std::string_view finish() const { return answer_.cut_by_limit() ? "length" : "stop"; }

  const Prompt& prompt_;
  const Answer& answer_;
  std::string head_;
};

}  // namespace

const Speech& completions_speech() {
  static const Speech speech{read_completion,
                             [](const Prompt& p, const Answer& a, ReplyId id) -> std::unique_ptr<Speaker> {
                               return std::make_unique<CompletionSpeaker>(p, a, std::move(id));
                             }};
  return speech;
}

}  // namespace llmgw::simulate
