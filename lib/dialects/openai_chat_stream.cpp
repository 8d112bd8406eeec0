// The chunks of a streamed chat completion.
#include <algorithm>
#include <map>
#include <set>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/openai.h"
#include "dialects/openai_chat_answer.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

class ChatEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.data.empty()) return {};
    if (event.data == "[DONE]") {
      out.push_back({.kind = EventKind::end});
      return {};
    }
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto chunk = doc->root();
    if (const auto error = openai_error(chunk)) {
      out.push_back({.kind = EventKind::error, .text = std::string(error.raw())});
      return {};
    }
    if (!started_) {
      started_ = true;
      id_ = chunk["id"].text();
      out.push_back({.kind = EventKind::start, .id = id_, .name = chunk["model"].text()});
    }
    for (auto [_, choice] : chunk["choices"].elements()) read_choice(choice, out);
    if (const auto usage = chunk_usage(chunk)) {
      read_openai_usage(usage, usage_);
      out.push_back({.kind = EventKind::usage, .usage = usage_});
    }
    return {};
  }

 private:
  struct State {
    int parts = 0;  // begun so far
    int open = -1;  // the text, reasoning or refusal that goes on
    EventKind open_kind = EventKind::text;
    std::map<int64_t, int> calls;  // their parts, by `index`
    bool refused = false;
    bool finished = false;
  };

  void read_choice(Value choice, std::vector<StreamEvent>& out) {
    const int number = static_cast<int>(std::clamp<int64_t>(choice["index"].integer().value_or(0), 0, 127));
    State& state = states_[number];
    const auto delta = choice["delta"];
    for (const std::string_view field : {"reasoning_content", "reasoning"}) {
      if (!delta[field].is(Kind::string)) continue;
      read_piece(number, state, EventKind::reasoning, delta[field], out);
      break;
    }
    read_piece(number, state, EventKind::text, delta["content"], out);
    for (auto [_, part] : delta["content"].elements()) {  // Mistral's thinking models
      for (auto [__, piece] : part["thinking"].elements())
        read_piece(number, state, EventKind::reasoning, piece["text"], out);
      read_piece(number, state, EventKind::text, part["text"], out);
    }
    if (state.open >= 0 && state.open_kind == EventKind::text) {
      for (auto& citation : read_chat_annotations(delta["annotations"])) {
        out.push_back({.kind = EventKind::citation,
                       .choice = number,
                       .part = state.open,
                       .citation = std::move(citation)});
      }
    }
    read_piece(number, state, EventKind::refusal, delta["refusal"], out);
    size_t position = 0;
    for (auto [_, call] : delta["tool_calls"].elements()) read_call(number, state, call, position++, out);
    if (const auto reason = choice["finish_reason"]; reason.is(Kind::string) && !state.finished) {
      state.finished = true;
      close(number, state, out);
      for (const auto& [_, part] : state.calls)
        out.push_back({.kind = EventKind::part_end, .choice = number, .part = part});
      Finish finish = chat_finish(reason.text());
      if (finish == Finish::stop && !state.calls.empty()) finish = Finish::tool_calls;
      if (finish == Finish::stop && state.refused) finish = Finish::refusal;
      out.push_back({.kind = EventKind::finish, .choice = number, .finish = finish});
    }
  }

  void read_piece(int number, State& state, EventKind kind, Value piece, std::vector<StreamEvent>& out) {
    if (!piece.is(Kind::string) || piece.raw().size() <= 2) return;
    state.refused = state.refused || kind == EventKind::refusal;
    if (state.open < 0 || state.open_kind != kind) {
      close(number, state, out);
      state.open = state.parts++;
      state.open_kind = kind;
    }
    out.push_back({.kind = kind, .choice = number, .part = state.open, .text = piece.text()});
  }

  void close(int number, State& state, std::vector<StreamEvent>& out) {
    if (state.open >= 0) out.push_back({.kind = EventKind::part_end, .choice = number, .part = state.open});
    state.open = -1;
  }

  void read_call(int number, State& state, Value call, size_t position, std::vector<StreamEvent>& out) {
    const int64_t index = call["index"].integer().value_or(static_cast<int64_t>(position));
    const auto function = call["function"];
    auto found = state.calls.find(index);
    // Gemini's endpoint for OpenAI's clients gives every call the index 0, whole and with an id of its own.
    const bool another = found != state.calls.end() && call["id"].is(Kind::string) && !call["id"].says("") &&
                         call["id"].text() != ids_[{number, found->second}];
    if (found == state.calls.end() || another) {
      close(number, state, out);
      const int part = state.parts++;
      if (another) {
        out.push_back({.kind = EventKind::part_end, .choice = number, .part = found->second});
        found->second = part;
      } else {
        found = state.calls.emplace(index, part).first;
      }
      std::string id = call["id"].text();
      if (id.empty()) id = made_up_call_id(id_, static_cast<size_t>(number), static_cast<size_t>(part));
      ids_[{number, part}] = id;
      out.push_back({.kind = EventKind::tool_call,
                     .choice = number,
                     .part = part,
                     .id = std::move(id),
                     .name = call["custom"] ? call["custom"]["name"].text() : function["name"].text(),
                     .freeform = bool(call["custom"])});
    }
    if (auto seal = seal_in(Issuer::gemini, call["extra_content"]["google"]["thought_signature"].text())) {
      out.push_back(
          {.kind = EventKind::seal, .choice = number, .part = found->second, .seal = std::move(seal)});
    }
    std::string piece = function["arguments"].is(Kind::object) ? std::string(function["arguments"].raw())
                        : call["custom"]                       ? call["custom"]["input"].text()
                                                               : function["arguments"].text();
    if (!piece.empty()) {
      out.push_back(
          {.kind = EventKind::arguments, .choice = number, .part = found->second, .text = std::move(piece)});
    }
  }

  bool started_ = false;
  std::string id_;
  observe::Usage usage_;
  std::map<int, State> states_;
  std::map<std::pair<int, int>, std::string> ids_;  // of calls, by choice and part
};

class ChatEventEncoder final : public EventEncoder {
 public:
  explicit ChatEventEncoder(StreamOpening opening) : opening_(std::move(opening)) {}

  void encode(const StreamEvent& event, std::string& out) override {
    switch (event.kind) {
      case EventKind::start:
        if (!event.id.empty()) opening_.id = event.id;
        model_ = event.name;
        usage_ = event.usage;
        break;
      case EventKind::text: piece(event, "content", out); break;
      case EventKind::reasoning: piece(event, "reasoning_content", out); break;
      case EventKind::refusal: piece(event, "refusal", out); break;
      case EventKind::tool_call: {
        auto& calls = calls_[event.choice];
        const auto index = static_cast<int64_t>(calls.size());
        calls[event.part] = index;
        begin(event.choice, out);
        writer_->key("tool_calls").begin_array().begin_object().member("index", index);
        writer_->member("id", event.id);
        const ToolCall call{
            .id = {}, .name = event.name, .arguments = {}, .seal = {}, .freeform = event.freeform};
        if (event.freeform) custom_.emplace(event.choice, event.part);
        write_chat_call(*writer_, call);
        writer_->end_object().end_array();
        finish_chunk(out, {});
        break;
      }
      case EventKind::arguments: {
        const bool custom = custom_.contains({event.choice, event.part});
        begin(event.choice, out);
        writer_->key("tool_calls").begin_array().begin_object();
        writer_->member("index", calls_[event.choice][event.part]).key(custom ? "custom" : "function");
        writer_->begin_object().member(custom ? "input" : "arguments", event.text);
        writer_->end_object().end_object().end_array();
        finish_chunk(out, {});
        break;
      }
      case EventKind::citation:
        begin(event.choice, out);
        writer_->key("annotations").begin_array();
        write_chat_annotation(*writer_, event.citation);
        writer_->end_array();
        finish_chunk(out, {});
        break;
      case EventKind::finish: finishes_[event.choice] = event.finish; break;
      case EventKind::usage: usage_ = event.usage; break;
      default: break;  // a seal has no place here
    }
  }

  void end(std::string_view extra_fields, std::string& out) override {
    if (finishes_.empty()) finishes_[0] = Finish::stop;
    size_t left = finishes_.size();
    for (const auto& [choice, finish] : finishes_) {
      begin(choice, out);
      const bool refused = finish == Finish::refusal && spoken_[choice];
      finish_chunk(out, refused ? "stop" : chat_finish_reason(finish), --left == 0 ? extra_fields : "");
    }
    if (opening_.wants_usage) {
      open_chunk(out);
      writer_->key("choices").begin_array().end_array().key("usage");
      write_chat_usage(*writer_, usage_);
      writer_->end_object();
      out += "\n\n";
    }
    out += "data: [DONE]\n\n";
  }

 private:
  void piece(const StreamEvent& event, std::string_view field, std::string& out) {
    begin(event.choice, out);
    spoken_[event.choice] = true;
    writer_->member(field, event.text);
    finish_chunk(out, {});
  }

  void open_chunk(std::string& out) {
    out += "data: ";
    writer_.emplace(out);
    writer_->begin_object().member("id", opening_.id).member("object", "chat.completion.chunk");
    writer_->member("created", opening_.created).member("model", model_);
  }

  // Up to and into the delta of `choice`.
  void begin(int choice, std::string& out) {
    open_chunk(out);
    writer_->key("choices").begin_array().begin_object().member("index", choice).key("delta").begin_object();
    if (!spoken_.contains(choice)) {
      spoken_[choice] = false;
      writer_->member("role", "assistant");
    }
  }

  void finish_chunk(std::string& out, std::string_view reason, std::string_view extra_fields = {}) {
    writer_->end_object().key("finish_reason");
    if (reason.empty()) {
      writer_->null();
    } else {
      writer_->string(reason);
    }
    writer_->end_object().end_array();
    if (!extra_fields.empty()) writer_->key("extra_fields").raw(extra_fields);
    writer_->end_object();
    out += "\n\n";
  }

  StreamOpening opening_;
  std::optional<json::Writer> writer_;  // of the chunk that is being written
  std::string model_;
  observe::Usage usage_;
  std::map<int, bool> spoken_;                   // choices that have begun, and whether with words
  std::map<int, std::map<int, int64_t>> calls_;  // `index` of a call, by choice and part
  std::set<std::pair<int, int>> custom_;         // calls of custom tools, by choice and part
  std::map<int, Finish> finishes_;
};

}  // namespace

std::unique_ptr<EventDecoder> chat_event_decoder() {
  return std::make_unique<ChatEventDecoder>();
}

std::unique_ptr<EventEncoder> chat_event_encoder(StreamOpening opening) {
  return std::make_unique<ChatEventEncoder>(std::move(opening));
}

}  // namespace llmgw::dialects
