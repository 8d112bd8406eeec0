#pragma once

#include <map>
#include <vector>

#include "dialects/answer.h"

namespace llmgw::engine {

// Collects of a translated stream what its client cannot carry: sealed reasoning and calls, so that they can
// be put back when the conversation comes again. Nothing else of the stream is kept.
class TurnWatch {
 public:
  void see(const dialects::StreamEvent& event);
  // The sealed parts and calls, in their order; empty: nothing was sealed.
  std::vector<dialects::Part> sealed_parts() const;

 private:
  std::map<int, dialects::Part> parts_;  // of the first choice
  bool sealed_ = false;
};

}  // namespace llmgw::engine
