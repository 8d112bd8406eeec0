#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/answer.h"
#include "dialects/request.h"
#include "net/sse.h"

namespace llmgw::dialects {

using observe::Warning;
using Warnings = std::vector<Warning>;

// Codes of warnings, stable: clients may act on them.
namespace warning {
inline constexpr std::string_view kDropped = "dropped";           // the target cannot express the field
inline constexpr std::string_view kChanged = "changed";           // it is said in another way, with a loss
inline constexpr std::string_view kAdded = "added";               // the target insists on what was not said
inline constexpr std::string_view kThinkingOff = "thinking_off";  // a foreign history bars thinking this turn
inline constexpr std::string_view kMaxTokensClamped = "max_tokens_clamped";  // to what a budget has left
}  // namespace warning

// The target that a request is written for.
struct Writing {
  std::string_view model;
  std::string_view kind;  // the provider's, in the catalog
  bool stream = false;
  size_t client_bytes = 0;            // of the client's body: about what this one will have
  bool ask_usage = true;              // openai-chat: send stream_options.include_usage
  std::optional<int64_t> max_output;  // tokens the model gives at most; none: unknown
  std::optional<bool> thinks;         // whether the model reasons; none: unknown
  bool mark_prefix = true;            // prompt_cache: put breakpoints where the dialect has them
};

// What a streamed reply needs at its beginning.
struct StreamOpening {
  std::string id;            // the request's own, where the provider gave none
  int64_t created = 0;       // Unix seconds
  bool wants_usage = false;  // openai-chat: the client asked for the usage chunk
  std::string extra_fields;  // as far as known now: Anthropic's message_start carries it; JSON, or empty
};

// Turns one upstream stream into canonical events.
class EventDecoder {
 public:
  virtual ~EventDecoder() = default;
  // Appends to `out` what the event says. Fails with invalid_response on one that is not of the dialect.
  virtual Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) = 0;
};

// What the client has of a stream, where an event that ends it early must go on from there. Filled by the
// dialects whose SDKs ask for it: Responses.
struct StreamSoFar {
  std::string id, model;
  int64_t created = 0;   // Unix seconds
  int64_t sequence = 0;  // of the next event
};

// Turns canonical events into one client stream.
class EventEncoder {
 public:
  virtual ~EventEncoder() = default;
  // Appends the bytes for the client. What closes the stream (the finish, the usage, the end) is kept for
  // end(), so that `extra_fields` can go with it.
  virtual void encode(const StreamEvent& event, std::string& out) = 0;
  // Everything is known: what was kept, with `extra_fields` (JSON, or empty) where the dialect's SDKs read
  // it, and the end marker.
  virtual void end(std::string_view extra_fields, std::string& out) = 0;
  // What was written up to now.
  virtual StreamSoFar so_far() const { return {}; }
};

// How a codec translates: its dialect to and from the canonical form. Stateless.
class Translation {
 public:
  virtual ~Translation() = default;

  // `request` was decoded by its codec: `doc` is set. Errors: bad_request with the field's path.
  virtual Result<Conversation> read_request(const Request& request) const = 0;
  // The body for the target. What cannot be said in this dialect is left out and named in `warnings`; so are
  // the conversation's unmodelled fields (by the caller).
  virtual std::string write_request(const Conversation&, const Writing&, Warnings&) const = 0;

  // `body` was found to be an answer by Codec::read_reply. Errors: invalid_response.
  virtual Result<Answer> read_answer(std::string_view body) const = 0;
  // The body for the client; `extra_fields` as its last member, unless empty or unreadable there.
  virtual std::string write_answer(const Answer&, std::string_view extra_fields) const = 0;

  virtual std::unique_ptr<EventDecoder> decoder() const = 0;
  virtual std::unique_ptr<EventEncoder> encoder(StreamOpening) const = 0;
};

}  // namespace llmgw::dialects
