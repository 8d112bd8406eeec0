#pragma once

#include "dialects/answer.h"

namespace llmgw::dialects {

// The answer that the events of a stream come to.
Answer collected(const std::vector<StreamEvent>& events);

}  // namespace llmgw::dialects
