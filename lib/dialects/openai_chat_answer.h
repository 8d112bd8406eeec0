#pragma once

#include <memory>

#include "base/json_writer.h"

#include "dialects/translation.h"

namespace llmgw::dialects {

// Chat completions' reply and stream to and from the canonical form
// (https://platform.openai.com/docs/api-reference/chat/object, .../chat_streaming).
Result<Answer> read_chat_answer(std::string_view body);
std::string write_chat_answer(const Answer&, std::string_view extra_fields);
std::unique_ptr<EventDecoder> chat_event_decoder();
std::unique_ptr<EventEncoder> chat_event_encoder(StreamOpening);

// `finish_reason` of OpenAI's dialect and back.
Finish chat_finish(std::string_view reason);
std::string_view chat_finish_reason(Finish);
// `annotations` of a text that cites URLs, whole or in a delta.
std::vector<Citation> read_chat_annotations(json::Value annotations);
void write_chat_annotation(json::Writer&, const Citation&);
// Members of an entry of `tool_calls`: its type, and the call.
void write_chat_call(json::Writer&, const ToolCall&);
// The `usage` object.
void write_chat_usage(json::Writer&, const observe::Usage&);

}  // namespace llmgw::dialects
