// Chat completions (https://platform.openai.com/docs/api-reference/chat) and the legacy
// completions, whose replies have the same frame.
#include <bitset>

#include "base/text.h"
#include "dialects/chunk_template.h"
#include "dialects/openai.h"
#include "dialects/openai_chat_answer.h"
#include "dialects/openai_chat_request.h"
#include "dialects/reading.h"
#include "dialects/translation_of.h"

namespace llmgw::dialects {
namespace {

std::unexpected<Error> refuse(std::string param, std::string message) {
  Error error;
  error.error_class = ErrorClass::bad_request;
  error.param = std::move(param);
  error.message = std::move(message);
  return fail(std::move(error));
}

// Counts the text of a message's content and notes its media.
void read_content(json::Value content, Needs& needs) {
  if (content.is(json::Kind::string)) {
    needs.text_bytes += static_cast<int64_t>(content.raw().size()) - 2;
    return;
  }
  for (auto [_, part] : content.elements()) {
    const auto type = part["type"];
    if (type.says("image_url") || type.says("input_image")) {
      needs.vision = true;
    } else if (type.says("input_audio")) {
      needs.audio = true;
    } else {
      needs.text_bytes += static_cast<int64_t>(part["text"].raw().size());
    }
  }
}

// Whether a delta carries something for the user.
bool has_content(json::Value delta, int64_t& text_bytes) {
  bool content = false;
  for (auto [key, value] : delta.members()) {
    if (value.is_null()) continue;
    if (value.is(json::Kind::string)) {
      const auto size = static_cast<int64_t>(value.raw().size()) - 2;
      if (size > 0 && (key.says("content") || key.says("reasoning_content") || key.says("reasoning") ||
                       key.says("refusal"))) {
        content = true;
        text_bytes += size;
      }
    } else if (key.says("tool_calls") || key.says("function_call") || key.says("audio") ||
               key.says("reasoning_details")) {
      if (value.raw().size() > 2) {
        content = true;
        text_bytes += static_cast<int64_t>(value.raw().size());
      }
    }
  }
  return content;
}

class ChatStreamReader final : public StreamReader {
 public:
  Result<StreamStep> read(const net::SseEvent& event) override {
    StreamStep step;
    if (event.data.empty()) return step;  // a comment or keep-alive
    if (event.data == "[DONE]") {
      step.done = true;
      return step;
    }
    if (template_.matches(event.data, text_bytes_)) {
      step.content = step.holdable = true;
      return step;
    }
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto chunk = doc->root();
    bool choices = false, finished = false;
    for (auto [key, value] : chunk.members()) {
      if (key.says("choices")) {
        for (auto [_, choice] : value.elements()) {
          choices = true;
          finished = read_choice(choice, step) || finished;
        }
      } else if (key.says("usage")) {
        read_openai_usage(value, usage_);
        step.usage_only = value.is(json::Kind::object);
      } else if (key.says("x_groq")) {
        read_openai_usage(value["usage"], usage_);
      } else if (key.says("error") && openai_error(chunk)) {
        step.error_object = value.raw();
      }
    }
    step.usage_only = step.usage_only && !choices;
    step.finish = finished && (begun_ & ~finished_).none();
    step.holdable = choices;
    if (step.content && !finished && step.error_object.empty()) learn(event.data, chunk);
    return step;
  }

 private:
  // A chunk of one choice whose delta is one text. OpenAI pads its chunks with a string of random length,
  // `obfuscation`, which may differ too.
  void learn(std::string_view data, json::Value chunk) {
    const auto choices = chunk["choices"];
    const auto delta = choices.at(0)["delta"];
    if (choices.size() != 1) return;
    json::Value text;
    for (auto [key, value] : delta.members()) {
      if (!value.is(json::Kind::string) || value.raw().size() <= 2) continue;
      const bool is_text = key.says("content") || key.says("reasoning_content") || key.says("reasoning");
      if (is_text && text) return;
      if (is_text) text = value;
    }
    if (!text) return;
    std::vector<std::string_view> holes{text.raw()};
    if (const auto padding = chunk["obfuscation"];
        padding.is(json::Kind::string) && padding.raw().size() > 2) {
      if (padding.offset() < text.offset()) return;
      holes.push_back(padding.raw());
    }
    template_.learn(data, holes);
  }

  // Whether the choice has finished.
  bool read_choice(json::Value choice, StreamStep& step) {
    const auto index = static_cast<size_t>(choice["index"].integer().value_or(0)) % kMostChoices;
    begun_.set(index);
    bool finished = false;
    for (auto [key, value] : choice.members()) {
      if (key.says("delta")) {
        step.content = has_content(value, text_bytes_) || step.content;
      } else if (key.says("text") && value.is(json::Kind::string) && value.raw().size() > 2) {
        step.content = true;
        text_bytes_ += static_cast<int64_t>(value.raw().size()) - 2;
      } else if (key.says("finish_reason") && value.is(json::Kind::string)) {
        finished = step.content = true;
      } else if (key.says("usage")) {
        read_openai_usage(value, usage_);  // Moonshot's place for it
      }
    }
    if (finished) finished_.set(index);
    return finished;
  }

  ChunkTemplate template_;
  static constexpr size_t kMostChoices = 128;  // `n` of the API reference
  std::bitset<kMostChoices> begun_, finished_;
};

using ChatTranslation = TranslationOf<&read_chat_request, &write_chat_request, &read_chat_answer,
                                      &write_chat_answer, &chat_event_decoder, &chat_event_encoder>;

class ChatCodec : public OpenAiCodec {
 public:
  const Translation* translation() const override { return &translation_; }

  Result<void> decode_needs(json::Value body, Request& request) const override {
    auto& needs = request.needs;
    for (auto [key, value] : body.members()) {
      if (key.says("messages")) {
        if (request.dialect != Dialect::openai_chat) continue;
        if (!value.is(json::Kind::array)) {
          return refuse("messages",
                        "'messages' must be an array, not " + std::string(json::name(value.kind())));
        }
        for (auto [_, message] : value.elements()) read_content(message["content"], needs);
      } else if (key.says("prompt")) {
        needs.text_bytes += static_cast<int64_t>(value.raw().size());
      } else if (key.says("tools") || key.says("functions")) {
        needs.tools = needs.tools || value.size() > 0;
        needs.text_bytes += static_cast<int64_t>(value.raw().size());
      } else if (key.says("response_format")) {
        needs.json_schema = value["type"].says("json_schema");
      } else if (key.says("max_tokens") || key.says("max_completion_tokens")) {
        if (const auto n = value.integer()) needs.max_output = n;
      } else if (key.says("modalities")) {
        for (auto [_, modality] : value.elements()) needs.audio = needs.audio || modality.says("audio");
      }
    }
    return {};
  }

  void edit_request(const Request& request, std::string_view model, bool ask_usage,
                    json::Edit& edit) const override {
    OpenAiCodec::edit_request(request, model, ask_usage, edit);
    if (!ask_usage || !request.stream || request.wants_usage) return;
    // Asked for so that the cost is known; the chunk is not passed on.
    const auto options = request.doc->root()["stream_options"];
    if (options.is(json::Kind::object) && options.size() > 0) {
      json::Edit inner(options);
      inner.set("include_usage", "true");
      edit.set("stream_options", inner.apply());
    } else {
      edit.set("stream_options", R"({"include_usage":true})");
    }
  }

  Result<ReplyFacts> read_reply(std::string_view body) const override {
    const auto doc = parse_reply(body);
    if (!doc) return fail(doc.error());
    ReplyFacts facts{.object = true};
    bool choices = false;
    for (auto [key, value] : doc->root().members()) {
      if (key.says("choices")) {
        choices = value.is(json::Kind::array) && value.size() > 0;
      } else if (key.says("usage")) {
        read_openai_usage(value, facts.usage);
      }
    }
    if (const auto error = openai_error(doc->root()); error && !choices) {
      facts.error_object = error.raw();
    } else if (!choices) {
      return fail(ErrorClass::invalid_response, "a reply without choices: " + shortened(body, 120));
    }
    return facts;
  }

  std::unique_ptr<StreamReader> stream_reader() const override {
    return std::make_unique<ChatStreamReader>();
  }

 private:
  ChatTranslation translation_;
};

// The legacy completions: `choices` of the same frame, with a prompt that no other dialect has.
class CompletionsCodec final : public ChatCodec {
 public:
  const Translation* translation() const override { return nullptr; }
};

}  // namespace

const Codec& openai_chat() {
  static const ChatCodec codec;
  return codec;
}

const Codec& openai_completions() {
  static const CompletionsCodec codec;
  return codec;
}

}  // namespace llmgw::dialects
