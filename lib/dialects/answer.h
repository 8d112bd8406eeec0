#pragma once

#include <string>
#include <vector>

#include "dialects/conversation.h"
#include "observe/record.h"

// The canonical reply, whole or in events.
namespace llmgw::dialects {

// Why an answer ended.
enum class Finish : uint8_t {
  stop,           // the model was done
  length,         // the output limit, or the context, is used up
  tool_calls,     // it wants its calls answered
  filter,         // the provider's filter cut it off
  refusal,        // the model declined
  stop_sequence,  // one of the client's stop texts came
  pause,          // the provider wants to go on in another request (Anthropic's pause_turn)
  failed,         // it broke down: a malformed call, a provider's "other"
};

struct Choice {
  std::vector<Part> parts;  // Text, Reasoning, Refusal, ToolCall, Image, Audio, Foreign
  Finish finish = Finish::stop;
  std::string stop_sequence;  // which one
  bool operator==(const Choice&) const = default;
};

struct Answer {
  std::string id;       // the provider's
  std::string model;    // as the provider calls it
  int64_t created = 0;  // Unix seconds; 0: the dialect does not say
  std::vector<Choice> choices;
  observe::Usage usage;
};

// One step of a streamed answer. Parts are counted from 0 within their choice, over all kinds, in the order
// in which they begin; parallel calls may come interleaved. A part begins with its first event.
struct StreamEvent {
  enum class Kind : uint8_t {
    start,      // id, model; usage as far as known
    text,       // a piece of text
    reasoning,  // a piece of what the model thinks
    seal,       // `seal` of part `part`: of its reasoning, or of the call or text it belongs to
    redacted,   // reasoning of which only `seal` is given
    tool_call,  // a call begins: id, name
    arguments,  // a piece of its arguments' JSON
    refusal,    // a piece of a refusal
    citation,   // of the text in `part`
    part_end,   // nothing more comes for `part`
    finish,     // `choice` is complete: why
    usage,      // the tokens counted so far; the last one holds
    end,        // the dialect's end marker: all is said
    error,      // `text`: raw JSON of an error object in place of the next event
  };
  Kind kind = Kind::text;
  int choice = 0;
  int part = 0;
  std::string text;      // text, reasoning, arguments, refusal, error; finish: the stop sequence that came
  std::string id, name;  // tool_call; start: the answer's id, and the model
  Seal seal{};
  Citation citation{};
  Finish finish = Finish::stop;
  observe::Usage usage{};  // start, usage
  bool freeform = false;   // tool_call: of a custom tool; its arguments are text
};

}  // namespace llmgw::dialects
