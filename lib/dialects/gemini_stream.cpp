// A streamed answer: each event is a GenerateContentResponse with what is new. Calls come whole; nothing
// marks the end but `finishReason`.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/gemini.h"
#include "dialects/gemini_part.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;
using EventKind = StreamEvent::Kind;

class GeminiEventDecoder final : public EventDecoder {
 public:
  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    if (event.data.empty()) return {};
    const auto doc = parse_event(event);
    if (!doc) return fail(doc.error());
    const auto body = doc->root();
    if (const auto error = body["error"]; error && !error.is_null()) {
      out.push_back({.kind = EventKind::error, .text = std::string(error.raw())});
      return {};
    }
    if (auto blocked = gemini_block(body); !blocked.empty()) {
      out.push_back({.kind = EventKind::error, .text = std::move(blocked)});
      return {};
    }
    const auto usage = gemini_field(body, "usageMetadata");
    read_gemini_usage(usage, usage_);
    if (!started_) {
      started_ = true;
      id_ = gemini_field(body, "responseId").text();
      // A stream without an id names its calls by its first event.
      if (id_.empty()) unnamed_ = event.data;
      out.push_back({.kind = EventKind::start,
                     .id = id_,
                     .name = gemini_field(body, "modelVersion").text(),
                     .usage = usage_});
    }
    for (auto [_, candidate] : body["candidates"].elements()) read_candidate(candidate, out);
    if (usage) out.push_back({.kind = EventKind::usage, .usage = usage_});
    return {};
  }

 private:
  struct State {
    enum class Open : uint8_t { nothing, text, reasoning };
    Open open = Open::nothing;
    int parts = 0;       // begun
    int last = -1;       // the latest part that can bear a seal
    int last_text = -1;  // the latest text
    bool called = false, finished = false;
  };

  void read_candidate(Value candidate, std::vector<StreamEvent>& out) {
    const int number =
        static_cast<int>(std::clamp<int64_t>(candidate["index"].integer().value_or(0), 0, 127));
    State& state = states_[number];
    for (auto [_, value] : candidate["content"]["parts"].elements()) {
      if (auto part = read_gemini_part(value)) read_part(*part, number, state, out);
    }
    for (auto& citation : read_gemini_citations(candidate, {})) {
      if (state.last_text < 0) break;
      out.push_back({.kind = EventKind::citation,
                     .choice = number,
                     .part = state.last_text,
                     .citation = std::move(citation)});
    }
    const auto reason = gemini_field(candidate, "finishReason");
    if (!reason.is(Kind::string) || reason.says("FINISH_REASON_UNSPECIFIED") || state.finished) return;
    state.finished = true;
    close(number, state, out);
    out.push_back(
        {.kind = EventKind::finish, .choice = number, .finish = gemini_finish(reason.text(), state.called)});
  }

  void read_part(Part& part, int number, State& state, std::vector<StreamEvent>& out) {
    if (const auto* text = part.get<Text>()) {
      if (!text->text.empty()) {
        say(EventKind::text, State::Open::text, text->text, number, state, out);
        state.last_text = state.last;
      }
      seal(text->seal, number, state, out);
    } else if (const auto* reasoning = part.get<Reasoning>()) {
      if (reasoning->redacted && state.open != State::Open::reasoning) {
        close(number, state, out);
        out.push_back(
            {.kind = EventKind::redacted, .choice = number, .part = state.parts++, .seal = reasoning->seal});
        return;
      }
      if (!reasoning->text.empty())
        say(EventKind::reasoning, State::Open::reasoning, reasoning->text, number, state, out);
      seal(reasoning->seal, number, state, out);
    } else if (auto* call = part.get<ToolCall>()) {
      read_call(*call, number, state, out);
    }
  }

  void say(EventKind kind, State::Open open, const std::string& text, int number, State& state,
           std::vector<StreamEvent>& out) {
    if (state.open != open) {
      close(number, state, out);
      state.open = open;
      state.last = state.parts++;
    }
    out.push_back({.kind = kind, .choice = number, .part = state.last, .text = text});
  }

  // A signature alone belongs to what stands before it.
  static void seal(const Seal& seal, int number, const State& state, std::vector<StreamEvent>& out) {
    if (seal && state.last >= 0)
      out.push_back({.kind = EventKind::seal, .choice = number, .part = state.last, .seal = seal});
  }

  void read_call(ToolCall& call, int number, State& state, std::vector<StreamEvent>& out) {
    close(number, state, out);
    const int part = state.last = state.parts++;
    state.called = true;
    if (call.id.empty()) {
      call.id = made_up_call_id(id_.empty() ? unnamed_ : id_, static_cast<size_t>(number),
                                static_cast<size_t>(part));
    }
    out.push_back({.kind = EventKind::tool_call,
                   .choice = number,
                   .part = part,
                   .id = std::move(call.id),
                   .name = std::move(call.name)});
    seal(call.seal, number, state, out);
    out.push_back(
        {.kind = EventKind::arguments, .choice = number, .part = part, .text = std::move(call.arguments)});
    out.push_back({.kind = EventKind::part_end, .choice = number, .part = part});
  }

  static void close(int number, State& state, std::vector<StreamEvent>& out) {
    if (state.open != State::Open::nothing)
      out.push_back({.kind = EventKind::part_end, .choice = number, .part = state.last});
    state.open = State::Open::nothing;
  }

  bool started_ = false;
  std::string id_, unnamed_;
  observe::Usage usage_;
  std::map<int, State> states_;  // by candidate
};

class GeminiEventEncoder final : public EventEncoder {
 public:
  explicit GeminiEventEncoder(StreamOpening opening) : opening_(std::move(opening)) {}

  void encode(const StreamEvent& event, std::string& out) override {
    Candidate& candidate = candidates_[event.choice];
    switch (event.kind) {
      case EventKind::start:
        if (!event.id.empty()) opening_.id = event.id;
        model_ = event.name;
        usage_ = event.usage;
        break;
      case EventKind::text:
      case EventKind::refusal:
        if (event.text.empty()) break;
        write(event.choice, {Text{.text = event.text, .citations = {}}, {}}, {}, out);
        break;
      case EventKind::reasoning:
        if (event.text.empty()) break;
        candidate.thoughts[event.part] = true;
        write(event.choice, {Reasoning{.text = event.text}, {}}, {}, out);
        break;
      case EventKind::redacted:
        write(event.choice, {Reasoning{.text = {}, .redacted = true}, {}},
              sealed_for(Issuer::gemini, event.seal), out);
        break;
      case EventKind::tool_call:
        candidate.calls[event.part] = ToolCall{.id = event.id, .name = event.name, .arguments = {}};
        break;
      case EventKind::arguments:
        if (const auto found = candidate.calls.find(event.part); found != candidate.calls.end())
          found->second.arguments += event.text;
        break;
      case EventKind::seal: seal(event, candidate, out); break;
      case EventKind::part_end:
        candidate.ended.insert(event.part);
        // In the order in which they began: one that is whole waits for those before it.
        while (!candidate.calls.empty() && candidate.ended.contains(candidate.calls.begin()->first)) {
          write_call(event.choice, candidate.calls.begin()->second, candidate, out);
          candidate.calls.erase(candidate.calls.begin());
        }
        break;
      case EventKind::citation: candidate.citations.push_back(event.citation); break;
      case EventKind::finish: candidate.finish = event.finish; break;
      case EventKind::usage: usage_ = event.usage; break;
      default: break;
    }
  }

  void end(std::string_view, std::string& out) override {
    if (candidates_.empty()) candidates_[0] = {};
    for (auto& [choice, candidate] : candidates_) {
      for (const auto& [_, call] : candidate.calls) write_call(choice, call, candidate, out);
      candidate.calls.clear();
      auto& writer = begin(out);
      // An empty text: readers take the parts without looking.
      writer.begin_object().key("content").begin_object().key("parts").begin_array();
      writer.begin_object().member("text", "").end_object().end_array().member("role", "model").end_object();
      writer.member("finishReason", gemini_finish_reason(candidate.finish, candidate.spoken));
      writer.member("index", choice);
      write_gemini_citations(writer, candidate.citations, {});
      finish(out);
    }
  }

 private:
  struct Candidate {
    std::map<int, ToolCall> calls;  // that have begun, by part: they are sent whole
    std::set<int> ended;            // parts that are whole
    std::map<int, bool> thoughts;   // parts that are
    std::vector<Citation> citations;
    Finish finish = Finish::stop;
    bool spoken = false, called = false;
  };

  void seal(const StreamEvent& event, Candidate& candidate, std::string& out) {
    if (const auto found = candidate.calls.find(event.part); found != candidate.calls.end()) {
      found->second.seal = event.seal;
      return;
    }
    // Behind what it seals, with an empty text, as Gemini 3 sends it.
    Part bearer{Text{}, {}};
    if (candidate.thoughts.contains(event.part)) bearer.what = Reasoning{};
    write(event.choice, bearer, sealed_for(Issuer::gemini, event.seal), out);
  }

  void write_call(int choice, const ToolCall& call, Candidate& candidate, std::string& out) {
    std::string signature = sealed_for(Issuer::gemini, call.seal);
    if (!candidate.called && signature.empty()) signature = kNoSignature;
    candidate.called = true;
    write(choice, {call, {}}, signature, out);
  }

  json::Writer& begin(std::string& out) {
    out += "data: ";
    writer_.emplace(out);
    return writer_->begin_object().key("candidates").begin_array();
  }
  void finish(std::string& out) {
    writer_->end_object().end_array().key("usageMetadata");
    write_gemini_usage(*writer_, usage_);
    writer_->member("modelVersion", model_).member("responseId", opening_.id).end_object();
    out += "\r\n\r\n";
  }

  void write(int choice, const Part& part, std::string_view signature, std::string& out) {
    candidates_[choice].spoken = true;
    auto& writer = begin(out);
    writer.begin_object().key("content").begin_object().key("parts").begin_array();
    write_gemini_part(writer, part, signature, true);
    writer.end_array().member("role", "model").end_object().member("index", choice);
    finish(out);
  }

  StreamOpening opening_;
  std::optional<json::Writer> writer_;  // of the event that is being written
  std::string model_;
  observe::Usage usage_;
  std::map<int, Candidate> candidates_;
};

}  // namespace

std::unique_ptr<EventDecoder> gemini_event_decoder() {
  return std::make_unique<GeminiEventDecoder>();
}

std::unique_ptr<EventEncoder> gemini_event_encoder(StreamOpening opening) {
  return std::make_unique<GeminiEventEncoder>(std::move(opening));
}

}  // namespace llmgw::dialects
