#include "dialects/turns.h"

#include <algorithm>

#include "dialects/reading.h"

namespace llmgw::dialects {

std::string Place::path() const {
  return at(at("messages", message) + ".content", part);
}

Turns take_turns(const Conversation& conversation, Warnings& warnings,
                 const std::function<Fate(const Part&, bool system)>& fate) {
  Turns out;
  bool begun = false;
  for (size_t i = 0; i < conversation.messages.size(); ++i) {
    const Message& message = conversation.messages[i];
    const bool system = message.role == Role::system;
    const bool assistant = message.role == Role::assistant;
    if (system && begun) warn(warnings, warning::kChanged, at("messages", i));
    begun = begun || !system;
    for (size_t k = 0; k < message.parts.size(); ++k) {
      const Part& part = message.parts[k];
      switch (fate(part, system)) {
        case Fate::skip: break;
        case Fate::drop: warn(warnings, warning::kDropped, Place{i, k}.path()); break;
        case Fate::keep:
          if (system) {
            out.system.push_back({&part, {i, k}});
            break;
          }
          if (out.turns.empty() || out.turns.back().assistant != assistant)
            out.turns.push_back({assistant, {}});
          out.turns.back().parts.push_back({&part, {i, k}});
      }
    }
  }
  return out;
}

void put_results_first(Turns& turns) {
  for (auto& turn : turns.turns) {
    std::stable_partition(turn.parts.begin(), turn.parts.end(),
                          [](const Placed& p) { return p.part->get<ToolResult>() != nullptr; });
  }
}

void mark_stable_prefix(const Conversation& conversation, Turns& turns) {
  bool own = std::ranges::any_of(conversation.tools, [](const Tool& t) { return t.cache.has_value(); });
  auto marked = [](const Placed& p) { return p.part->cache.has_value(); };
  own = own || std::ranges::any_of(turns.system, marked);
  for (const auto& turn : turns.turns) own = own || std::ranges::any_of(turn.parts, marked);
  if (own) return;
  turns.mark_tools = turns.system.empty();
  if (!turns.system.empty()) turns.system.back().mark = true;
  int left = 2;
  for (auto turn = turns.turns.rbegin(); turn != turns.turns.rend() && left > 0; ++turn) {
    if (turn->assistant) continue;
    turn->parts.back().mark = true;
    --left;
  }
}

bool wants_thinking(const Thinking& t) {
  return t.on.value_or(t.budget || (!t.effort.empty() && t.effort != "none")) && t.effort != "none";
}

bool claude_cannot_think(const Conversation& conversation, const Turns& turns) {
  const auto kind = conversation.tool_choice.kind;
  if (kind == ToolChoice::Kind::required || kind == ToolChoice::Kind::named) return true;
  const auto last =
      std::find_if(turns.turns.rbegin(), turns.turns.rend(), [](const Turn& turn) { return turn.assistant; });
  return last != turns.turns.rend() &&
         std::ranges::any_of(last->parts,
                             [](const Placed& p) { return p.part->get<ToolCall>() != nullptr; }) &&
         last->parts.front().part->get<Reasoning>() == nullptr;
}

}  // namespace llmgw::dialects
