#include "engine/turn_watch.h"

namespace llmgw::engine {

using dialects::Part;
using dialects::Reasoning;
using dialects::StreamEvent;
using dialects::ToolCall;

void TurnWatch::see(const StreamEvent& event) {
  if (event.choice != 0) return;
  using Kind = StreamEvent::Kind;
  auto reasoning = [&]() -> Reasoning& {
    auto [at, _] = parts_.try_emplace(event.part, Part{Reasoning{}, {}});
    return *at->second.get<Reasoning>();
  };
  switch (event.kind) {
    case Kind::reasoning:
      if (auto& part = reasoning(); part.text.size() < (256u << 10)) part.text += event.text;
      break;
    case Kind::redacted:
      reasoning().redacted = true;
      reasoning().seal = event.seal;
      sealed_ = true;
      break;
    case Kind::tool_call:
      parts_.insert_or_assign(event.part,
                              Part{ToolCall{.id = event.id, .name = event.name, .arguments = {}}, {}});
      break;
    case Kind::seal: {
      const auto found = parts_.find(event.part);
      if (found == parts_.end()) break;
      sealed_ = true;
      if (auto* call = found->second.get<ToolCall>()) {
        call->seal = event.seal;
      } else {
        found->second.get<Reasoning>()->seal = event.seal;
      }
      break;
    }
    default: break;
  }
}

std::vector<Part> TurnWatch::sealed_parts() const {
  std::vector<Part> out;
  if (!sealed_) return out;
  for (const auto& [_, part] : parts_) out.push_back(part);
  return out;
}

}  // namespace llmgw::engine
