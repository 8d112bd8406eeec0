#pragma once

#include <vector>

#include "dialects/answer.h"

namespace llmgw::dialects {

// The answer that the events of a stream come to.
Answer collected(const std::vector<StreamEvent>& events);

// The events of a stream that comes to the answer, each part in one piece. What no event can carry (images,
// sound, one vendor's own parts) is left out.
std::vector<StreamEvent> events_of(const Answer& answer);

}  // namespace llmgw::dialects
