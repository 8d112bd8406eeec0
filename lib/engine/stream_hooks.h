#pragma once

#include <vector>

#include "plugins/plugin.h"

namespace llmgw::engine {

// The plugins that watch one stream: each of its events passes them, the innermost first.
class StreamHooks {
 public:
  // All of them outlive the stream.
  StreamHooks(std::vector<plugins::Plugin*> innermost_first, plugins::Attempt& attempt)
      : plugins_(std::move(innermost_first)), attempt_(attempt) {}

  // Appends to `out` what the client gets in the event's place. Errors: what a plugin refused it with.
  Result<void> pass(dialects::StreamEvent&& event, std::vector<dialects::StreamEvent>& out);
  // The refusal that pass() failed with; nullptr: none did.
  const plugins::Refuse* refusal() const { return refusal_ ? &*refusal_ : nullptr; }

 private:
  std::vector<plugins::Plugin*> plugins_;
  plugins::Attempt& attempt_;
  std::vector<dialects::StreamEvent> in_, on_;  // of the plugin whose turn it is
  std::optional<plugins::Refuse> refusal_;
};

}  // namespace llmgw::engine
