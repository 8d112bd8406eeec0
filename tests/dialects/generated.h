#pragma once

#include "base/random.h"
#include "dialects/answer.h"
#include "tests/dialects/expression.h"

// Random conversations, answers and streams within what an Expression allows.
namespace llmgw::dialects {

Conversation generate_conversation(Random&, const Expression&);
Answer generate_answer(Random&, const Expression&);
// The events of the answer, cut into random pieces; calls that follow each other come interleaved at times.
std::vector<StreamEvent> generate_stream(Random&, const Answer&);

}  // namespace llmgw::dialects
