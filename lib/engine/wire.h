#pragma once

#include <functional>
#include <optional>
#include <string>

#include "dialects/codec.h"
#include "net/headers.h"
#include "routing/topology.h"

namespace llmgw::engine {

// A request as one target gets it: as it came but for a few fields, or translated to another dialect.
struct Wire {
  dialects::Dialect dialect = dialects::Dialect::openai_chat;
  const dialects::Codec* codec = nullptr;  // of that dialect
  bool translated = false;
  std::optional<std::string> body;  // none: the client's, as it came
  std::string path;                 // with the query
  dialects::Warnings warnings;
  std::vector<std::string> custom_tools;                // of OpenAI's, which this target knows as functions
  std::optional<dialects::EmbeddingRequest> embedding;  // set: embeddings, translated
};

// A whole reply to `wire`, which asked for embeddings in another dialect, as the client's `codec` has it.
// Errors: invalid_response.
Result<std::string> translated_embeddings(const Wire& wire, const dialects::Codec& codec,
                                          std::string_view model, std::string_view body);

// Gives the client's request in its canonical form; read once, kept for the next target.
using ReadConversation = std::function<Result<const dialects::Conversation*>()>;

// `output_limit`: the most tokens that the answer may have, where the client set no limit itself.
// Errors: bad_request, when the client's body cannot be read, or `strict` forbids what is lost.
Result<Wire> make_wire(const dialects::Request& request, const routing::Target& target, bool strict,
                       bool mark_prefix, std::optional<int64_t> output_limit,
                       const ReadConversation& conversation);

// The client's headers that mean the same in any dialect.
net::Headers translated_request_headers(const net::Headers& forwarded);

// Whether errors of both look alike, so that one's may pass as the other's.
bool same_error_shape(dialects::Dialect a, dialects::Dialect b);

}  // namespace llmgw::engine
