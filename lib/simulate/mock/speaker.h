#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "net/headers.h"
#include "simulate/mock/answer.h"
#include "simulate/mock/fault.h"
#include "simulate/mock/prompt.h"

namespace llmgw::simulate {

enum class Vendor : uint8_t { openai, anthropic, gemini, bedrock, cohere, ollama };

// What distinguishes one reply from the next.
struct ReplyId {
  std::string token;    // unique, letters and digits: the part behind "chatcmpl-"
  int64_t created = 0;  // Unix seconds
};

// Puts one answer into a dialect, whole or as a stream. Each call of the stream's appends whole events.
class Speaker {
 public:
  virtual ~Speaker() = default;
  virtual std::string_view stream_type() const { return "text/event-stream; charset=utf-8"; }

  virtual std::string whole() = 0;
  // What stands before the first content: a role, a message's start.
  virtual void open(std::string& out) = 0;
  // The answer's i-th piece.
  virtual void piece(size_t i, std::string& out) = 0;
  // The finish, usage if it is told, the end marker.
  virtual void close(std::string& out) = 0;
  // An error in the stream.
  virtual void error(const Refusal&, std::string& out) = 0;
};

// How a dialect's generating call is read and answered.
struct Speech {
  // Errors: bad_request with `param`.
  Result<Prompt> (*read)(json::Value body);
  // The prompt and the answer outlive the speaker.
  std::unique_ptr<Speaker> (*speaker)(const Prompt&, const Answer&, ReplyId);
};

const Speech& chat_speech();         // OpenAI /chat/completions
const Speech& completions_speech();  // OpenAI /completions
const Speech& responses_speech();    // OpenAI /responses
const Speech& messages_speech();     // Anthropic /messages
const Speech& generate_speech();     // Gemini :generateContent, :streamGenerateContent?alt=sse
const Speech& converse_speech();     // Bedrock /converse, /converse-stream
const Speech& cohere_speech();       // Cohere /chat
const Speech& ollama_speech();       // Ollama /api/chat

// The JSON of an error in the vendor's shape, and the headers that come with it.
struct ErrorReply {
  net::Headers headers;
  std::string body;
};
ErrorReply openai_error_reply(const Refusal&);
ErrorReply anthropic_error_reply(const Refusal&, std::string_view request_id);
ErrorReply gemini_error_reply(const Refusal&);
ErrorReply bedrock_error_reply(const Refusal&);
ErrorReply ollama_error_reply(const Refusal&);
ErrorReply cohere_error_reply(const Refusal&, std::string_view request_id);
inline ErrorReply error_reply(Vendor vendor, const Refusal& refusal, std::string_view request_id) {
  switch (vendor) {
    case Vendor::anthropic: return anthropic_error_reply(refusal, request_id);
    case Vendor::gemini: return gemini_error_reply(refusal);
    case Vendor::bedrock: return bedrock_error_reply(refusal);
    case Vendor::ollama: return ollama_error_reply(refusal);
    case Vendor::cohere: return cohere_error_reply(refusal, request_id);
    case Vendor::openai: break;
  }
  return openai_error_reply(refusal);
}

// A request that cannot be read: bad_request with the field at fault.
inline std::unexpected<Error> unreadable(std::string param, std::string message) {
  return fail(Error{
      .error_class = ErrorClass::bad_request, .message = std::move(message), .param = std::move(param)});
}

// Appends "data: JSON\n\n" made by `write`.
template <typename Write>
void append_data(std::string& out, const Write& write) {
  out += "data: ";
  json::Writer writer(out);
  write(writer);
  out += "\n\n";
}

// Appends "event: TYPE\ndata: JSON\n\n" whose JSON object begins with its `type`.
template <typename Write>
void append_event(std::string& out, std::string_view type, const Write& write) {
  out.append("event: ").append(type).append("\ndata: ");
  json::Writer writer(out);
  writer.begin_object().member("type", type);
  write(writer);
  writer.end_object();
  out += "\n\n";
}

}  // namespace llmgw::simulate
