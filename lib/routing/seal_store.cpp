#include "routing/seal_store.h"

#include <algorithm>

namespace llmgw::routing {

using dialects::Part;
using dialects::Reasoning;
using dialects::ToolCall;

void SealStore::remember(const std::vector<Part>& parts) {
  std::vector<Reasoning> before;
  for (const Part& part : parts) {
    if (const auto* reasoning = part.get<Reasoning>(); reasoning != nullptr && reasoning->seal) {
      before.push_back(*reasoning);
    }
    const auto* call = part.get<ToolCall>();
    if (call == nullptr || (before.empty() && !call->seal)) continue;
    keep(call->id, {call->seal, std::exchange(before, {})});
  }
}

void SealStore::restore(dialects::Conversation& conversation) const {
  for (auto& message : conversation.messages) {
    if (message.role != dialects::Role::assistant) continue;
    const bool carried = std::ranges::any_of(message.parts, [](const Part& part) {
      const auto* reasoning = part.get<Reasoning>();
      return reasoning != nullptr && reasoning->seal;
    });
    for (size_t i = 0; i < message.parts.size(); ++i) {
      auto* call = message.parts[i].get<ToolCall>();
      if (call == nullptr) continue;
      auto turn = find(call->id);
      if (!turn) continue;
      if (!call->seal) call->seal = std::move(turn->call);
      if (carried) continue;
      for (auto& reasoning : turn->reasoning) {
        message.parts.insert(message.parts.begin() + static_cast<std::ptrdiff_t>(i),
                             Part{std::move(reasoning), {}});
        ++i;
      }
    }
  }
}

void SealStore::keep(const std::string& id, Turn turn) {
  size_t bytes = 200 + id.size() + turn.call.data.size();
  for (const auto& reasoning : turn.reasoning)
    bytes += 100 + reasoning.text.size() + reasoning.seal.data.size();
  if (bytes > most_bytes_ / 8) return;
  const std::lock_guard lock(lock_);
  if (const auto found = by_id_.find(id); found != by_id_.end()) {
    bytes_ -= found->second->bytes;
    order_.erase(found->second);
    by_id_.erase(found);
  }
  order_.push_front({id, std::move(turn), bytes});
  by_id_[id] = order_.begin();
  bytes_ += bytes;
  while (bytes_ > most_bytes_) {
    bytes_ -= order_.back().bytes;
    by_id_.erase(order_.back().id);
    order_.pop_back();
  }
}

std::optional<SealStore::Turn> SealStore::find(const std::string& id) const {
  const std::lock_guard lock(lock_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  order_.splice(order_.begin(), order_, found->second);
  return found->second->turn;
}

}  // namespace llmgw::routing
