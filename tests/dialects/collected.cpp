#include "tests/dialects/collected.h"

#include <map>

namespace llmgw::dialects {
namespace {

// The part as a T; one of another kind that stands there is replaced, which the comparison then shows.
template <class T>
T& as(Part& part) {
  if (part.get<T>() == nullptr) part.what = T{};
  return *part.get<T>();
}

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
        part().what = ToolCall{.id = event.id, .name = event.name, .arguments = {}};
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

}  // namespace llmgw::dialects
