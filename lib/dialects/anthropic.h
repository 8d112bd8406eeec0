#pragma once

#include "base/json_writer.h"
#include "dialects/codec.h"

namespace llmgw::dialects {

// The Messages API (https://docs.anthropic.com/en/api/messages; anthropic-sdk-python 2.12.0, `types`).
const Codec& anthropic_messages();

// The parts of the codec, a file each.
Result<Conversation> read_anthropic_request(json::Value body);
std::string write_anthropic_request(const Conversation&, const Writing&, Warnings&);
Result<Answer> read_anthropic_answer(std::string_view body);
std::string write_anthropic_answer(const Answer&, std::string_view extra_fields);
std::unique_ptr<EventDecoder> anthropic_event_decoder();
std::unique_ptr<EventEncoder> anthropic_event_encoder(StreamOpening);

// `stop_reason` and back.
Finish anthropic_finish(std::string_view reason);
std::string_view anthropic_stop_reason(Finish);
// `usage`: its input leaves out what the cache gave and took; ours holds all.
void read_anthropic_usage(json::Value usage, observe::Usage& out);
void write_anthropic_usage(json::Writer&, const observe::Usage&);

// What a Claude model takes, by its name ("claude-sonnet-4-5-20250929", "anthropic.claude-opus-4-7-v1:0").
struct ClaudeAbilities {
  bool adaptive = false;     // thinks as it sees fit, by effort; else by a budget of tokens
  bool no_sampling = false;  // refuses temperature, top_p and top_k
  bool one_of_both = false;  // refuses temperature beside top_p
};
ClaudeAbilities claude_abilities(std::string_view model);

}  // namespace llmgw::dialects
