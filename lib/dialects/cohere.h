#pragma once

#include <functional>
#include <span>

#include "base/json_writer.h"
#include "dialects/codec.h"

namespace llmgw::dialects {

// Cohere's Chat, version 2 (https://docs.cohere.com/reference/chat, .../chat-stream; cohere-python 7.3.1,
// `v2` and `types`).
const Codec& cohere_chat();
// Cohere's embeddings, version 2 (https://docs.cohere.com/reference/embed): passed through to who speaks it.
const Codec& cohere_embed();

// The parts of the codec of chat, a file each.
Result<Conversation> read_cohere_request(json::Value body);
std::string write_cohere_request(const Conversation&, const Writing&, Warnings&);
Result<Answer> read_cohere_answer(std::string_view body);
std::string write_cohere_answer(const Answer&, std::string_view extra_fields);
std::unique_ptr<EventDecoder> cohere_event_decoder();
std::unique_ptr<EventEncoder> cohere_event_encoder(StreamOpening);

// An error in Cohere's shape, {"id", "message"}: the id is the request's, as `extra_fields` has it.
std::string cohere_error_body(const Error&, std::string_view extra_fields);

// `finish_reason` and back. ERROR and TIMEOUT are no answers: cohere_failure().
Finish cohere_finish(std::string_view reason);
std::string_view cohere_finish_reason(Finish);
// The error object for a generation that broke down, of its finish_reason and its `error`; empty: it did not.
std::string cohere_failure(std::string_view reason, std::string_view error);

// `usage`: what is billed where it says so, else the tokens.
void read_cohere_usage(json::Value usage, observe::Usage& out);
void write_cohere_usage(json::Writer&, const observe::Usage&);

// A message of the assistant, in a request as in a reply: its content, its plan (a text right before the
// calls), its calls. `made_up` begins the ids of calls that have none. Errors: bad_request at `path`.
Result<void> read_cohere_assistant(json::Value message, const std::string& path, std::string_view made_up,
                                   std::vector<Part>& out);
// Its members, without `role`. The parts that have no place in it are given to `lost` by their index.
void write_cohere_assistant(json::Writer&, std::span<const Part* const> parts,
                            const std::function<void(size_t)>& lost);

// One of `citations`: each of its sources is a citation of the text.
void read_cohere_citation(json::Value citation, std::vector<Citation>& out);
// The reverse; `text` is what cites, empty: not at hand.
void write_cohere_citation(json::Writer&, const Citation&, size_t content_index, bool plan,
                           std::string_view text);

}  // namespace llmgw::dialects
