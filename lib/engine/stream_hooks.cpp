#include "engine/stream_hooks.h"

namespace llmgw::engine {

Result<void> StreamHooks::pass(dialects::StreamEvent&& event, std::vector<dialects::StreamEvent>& out) {
  in_.clear();
  in_.push_back(std::move(event));
  for (auto* plugin : plugins_) {
    on_.clear();
    for (auto& one : in_) {
      auto verdict = plugin->on_event(attempt_, std::move(one), on_);
      if (auto* refuse = std::get_if<plugins::Refuse>(&verdict)) {
        refusal_ = std::move(*refuse);
        return fail(refusal_->error);
      }
    }
    std::swap(in_, on_);
  }
  for (auto& one : in_) out.push_back(std::move(one));
  return {};
}

}  // namespace llmgw::engine
