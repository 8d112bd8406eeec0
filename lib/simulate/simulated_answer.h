#pragma once

#include <optional>
#include <string>

#include "simulate/mock/fault.h"
#include "simulate/simulated_transport.h"

namespace llmgw::simulate {

// How a modelled upstream of the OpenAI dialect answers. A piece is four bytes of its text.
struct Manner {
  std::string text = "Hello from upstream.";
  Duration head = 5ms;                // until the status comes
  Duration first{};                   // from there to the first content; a role comes with the head
  Duration per_piece{};               // between two pieces of a stream
  std::optional<size_t> cut_after;    // so many pieces, then the connection breaks
  std::optional<size_t> stall_after;  // so many pieces, then silence
  bool end_marker = true;             // false: the stream ends without [DONE]
  size_t split = 0;                   // above 0: the bytes come so many at a time
};

// The call's answer, whole or as a stream, as its body asks; of chat, completions, responses or embeddings by
// its path.
SimulatedCall answers(const SeenCall&, const Manner&);

// The call goes wrong, with the words of the real vendor. `retry_after` stands in its header.
SimulatedCall fails(const SeenCall&, const Fault&, std::optional<Duration> retry_after = std::nullopt,
                    Duration head = 5ms);

// Nobody listens; nobody answers the connection.
SimulatedCall refuses_connection();
SimulatedCall never_connects();

// A 200 of that type with those bytes as they are, then the end.
SimulatedCall says(std::string_view content_type, std::string body, Duration head = 5ms);

}  // namespace llmgw::simulate
