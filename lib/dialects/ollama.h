#pragma once

#include "base/json_writer.h"
#include "dialects/codec.h"

namespace llmgw::dialects {

// Ollama's own chat (https://github.com/ollama/ollama/blob/main/docs/api.md, "Generate a chat completion";
// ollama-python 0.6.3, _types.py). It streams unless it is told not to, a JSON object a line.
const Codec& ollama_chat();

// The parts of the codec, a file each.
Result<Conversation> read_ollama_request(json::Value body);
std::string write_ollama_request(const Conversation&, const Writing&, Warnings&);
Result<Answer> read_ollama_answer(std::string_view body);
std::string write_ollama_answer(const Answer&);
std::unique_ptr<EventDecoder> ollama_event_decoder();
std::unique_ptr<EventEncoder> ollama_event_encoder(StreamOpening);

// `created_at` of Unix seconds.
std::string ollama_time(int64_t seconds);
// One of `tool_calls`; `made_up` is the id of a call that has none.
ToolCall read_ollama_call(json::Value call, std::string made_up);
void write_ollama_call(json::Writer&, const ToolCall&);

// `done_reason` and back. "stop" is the end of a turn that calls tools, too.
Finish ollama_finish(std::string_view reason, bool called);
std::string_view ollama_done_reason(Finish);
// The counts among the last object's members.
void read_ollama_usage(json::Value object, observe::Usage& out);
void write_ollama_usage(json::Writer&, const observe::Usage&);

}  // namespace llmgw::dialects
