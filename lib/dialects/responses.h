#pragma once

#include "base/json_writer.h"
#include "dialects/openai.h"

// The parts of the translation of Responses, a file each. Source of its facts: openai-python 2.54.0,
// `types/responses`, and https://platform.openai.com/docs/api-reference/responses.
namespace llmgw::dialects {

Result<Conversation> read_responses_request(json::Value body);
std::string write_responses_request(const Conversation&, const Writing&, Warnings&);
Result<Answer> read_responses_answer(std::string_view body);
std::string write_responses_answer(const Answer&, std::string_view extra_fields);
std::unique_ptr<EventDecoder> responses_event_decoder();
std::unique_ptr<EventEncoder> responses_event_encoder(StreamOpening);

// The field of a request that names state which only its provider keeps; null: none does.
const char* responses_state(json::Value body);

// The text of a reasoning item: its summary, else its content as open models show it.
std::string responses_reasoning(json::Value item);
// An annotation of a text that cites a URL; none for the others.
std::optional<Citation> responses_citation(json::Value annotation);
// An item that calls a function or a custom tool.
ToolCall read_responses_call(json::Value item);
// Appends what an item of `output` says; `made_up` is the id of a call that has none.
void read_output_item(json::Value item, const std::string& made_up, std::vector<Part>& out);

// One part of an answer as an item of `output`: every text is a message of its own, so that parts that
// stream at the same time stay apart. False when the part has no place among them.
bool is_output_item(const Part&);
void write_output_item(json::Writer&, const Part&, std::string_view id);
void write_output_text(json::Writer&, const Text&);
void write_annotation(json::Writer&, const Citation&, std::string_view text);
// "msg_…", "fc_…", "rs_…" or "ig_…", by the part's kind: the same for the same place of the same answer.
std::string output_item_id(const Part&, std::string_view answer, size_t part);

// The object `response` around its output.
struct ResponseFrame {
  std::string_view id, model;
  int64_t created = 0;
  Finish finish = Finish::stop;
  bool complete = true;        // false: in_progress
  bool refused_words = false;  // a refusal stands in the output
  const observe::Usage* usage = nullptr;
  const Error* error = nullptr;  // it failed, and why
};
// "completed", "incomplete" or "failed".
std::string_view response_status(const ResponseFrame&);
// `output` is JSON: an array. `extra_fields` is its last member, unless empty.
void write_response(json::Writer&, const ResponseFrame&, std::string_view output,
                    std::string_view extra_fields);
// Why the response ended, of its status, its details and what it holds.
Finish responses_finish(json::Value response, const std::vector<Part>& parts);

}  // namespace llmgw::dialects
