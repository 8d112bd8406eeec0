#include "dialects/answer_events.h"

#include <map>

namespace llmgw::dialects {
namespace {

// The part as a T; one of another kind that stands there is replaced, which the comparison then shows.
template <class T>
T& as(Part& part) {
  if (part.get<T>() == nullptr) part.what = T{};
  return *part.get<T>();
}

// The events of one choice, in their order.
class Teller {
 public:
  Teller(int choice, std::vector<StreamEvent>& out) : choice_(choice), out_(out) {}

  void operator()(const Text& text) {
    piece(Kind::text, text.text);
    for (const auto& citation : text.citations) add(Kind::citation).citation = citation;
    seal(text.seal);
  }
  void operator()(const Reasoning& reasoning) {
    if (reasoning.redacted) {
      add(Kind::redacted).seal = reasoning.seal;
    } else {
      piece(Kind::reasoning, reasoning.text);
      seal(reasoning.seal);
    }
  }
  void operator()(const Refusal& refusal) { piece(Kind::refusal, refusal.text); }
  void operator()(const ToolCall& call) {
    auto& begin = add(Kind::tool_call);
    begin.id = call.id;
    begin.name = call.name;
    begin.freeform = call.freeform;
    piece(Kind::arguments, call.arguments);
    seal(call.seal);
  }
  // What no event can carry.
  template <class Other>
  void operator()(const Other&) {
    told_ = false;
  }

  void tell(const Part& part) {
    told_ = true;
    std::visit(*this, part.what);
    if (!told_) return;
    add(Kind::part_end);
    ++part_;
  }
  StreamEvent& add(StreamEvent::Kind kind) {
    return out_.emplace_back(StreamEvent{.kind = kind, .choice = choice_, .part = part_});
  }

 private:
  using Kind = StreamEvent::Kind;
  void piece(Kind kind, const std::string& text) { add(kind).text = text; }
  void seal(const Seal& seal) {
    if (seal) add(Kind::seal).seal = seal;
  }

  int choice_;
  int part_ = 0;
  bool told_ = true;
  std::vector<StreamEvent>& out_;
};

}  // namespace

Answer collected(const std::vector<StreamEvent>& events) {
  using Kind = StreamEvent::Kind;
  Answer out;
  std::map<int, std::map<int, Part>> parts;
  std::map<int, Choice> choices;
  for (const StreamEvent& event : events) {
    auto part = [&]() -> Part& { return parts[event.choice][event.part]; };
    switch (event.kind) {
      case Kind::start:
        out.id = event.id;
        out.model = event.name;
        out.usage = event.usage;
        break;
      case Kind::text: as<Text>(part()).text += event.text; break;
      case Kind::reasoning: as<Reasoning>(part()).text += event.text; break;
      case Kind::refusal: as<Refusal>(part()).text += event.text; break;
      case Kind::redacted: part().what = Reasoning{.text = {}, .seal = event.seal, .redacted = true}; break;
      case Kind::tool_call:
        part().what =
            ToolCall{.id = event.id, .name = event.name, .arguments = {}, .freeform = event.freeform};
        break;
      case Kind::arguments: as<ToolCall>(part()).arguments += event.text; break;
      case Kind::citation: as<Text>(part()).citations.push_back(event.citation); break;
      case Kind::seal:
        if (auto* call = part().get<ToolCall>()) {
          call->seal = event.seal;
        } else if (auto* reasoning = part().get<Reasoning>()) {
          reasoning->seal = event.seal;
        } else {
          as<Text>(part()).seal = event.seal;
        }
        break;
      case Kind::finish:
        choices[event.choice].finish = event.finish;
        choices[event.choice].stop_sequence = event.text;
        break;
      case Kind::usage: out.usage = event.usage; break;
      case Kind::part_end:
      case Kind::end:
      case Kind::error: break;
    }
  }
  for (auto& [number, choice] : choices) {
    for (auto& [_, part] : parts[number]) choice.parts.push_back(std::move(part));
    out.choices.push_back(std::move(choice));
  }
  return out;
}

std::vector<StreamEvent> events_of(const Answer& answer) {
  using Kind = StreamEvent::Kind;
  std::vector<StreamEvent> out;
  out.push_back({.kind = Kind::start, .id = answer.id, .name = answer.model, .usage = answer.usage});
  for (size_t i = 0; i < answer.choices.size(); ++i) {
    const Choice& choice = answer.choices[i];
    Teller teller(static_cast<int>(i), out);
    for (const Part& part : choice.parts) teller.tell(part);
    auto& finish = teller.add(Kind::finish);
    finish.finish = choice.finish;
    finish.text = choice.stop_sequence;
  }
  out.push_back({.kind = Kind::usage, .usage = answer.usage});
  out.push_back({.kind = Kind::end});
  return out;
}

}  // namespace llmgw::dialects
