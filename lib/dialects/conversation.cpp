#include "dialects/conversation.h"

#include <unordered_map>

namespace llmgw::dialects {

void normalize(Conversation& conversation) {
  std::vector<Message> merged;
  for (Message& message : conversation.messages) {
    if (message.parts.empty()) continue;
    if (!merged.empty() && merged.back().role == message.role && merged.back().name == message.name) {
      auto& parts = merged.back().parts;
      parts.insert(parts.end(), std::make_move_iterator(message.parts.begin()),
                   std::make_move_iterator(message.parts.end()));
    } else {
      merged.push_back(std::move(message));
    }
  }
  std::unordered_map<std::string, std::string> names;  // of calls, by id
  for (Message& message : merged) {
    for (Part& part : message.parts) {
      if (const auto* call = part.get<ToolCall>()) names[call->id] = call->name;
      if (auto* result = part.get<ToolResult>(); result != nullptr && result->name.empty()) {
        if (const auto found = names.find(result->id); found != names.end()) result->name = found->second;
      }
    }
  }
  conversation.messages = std::move(merged);
}

}  // namespace llmgw::dialects
