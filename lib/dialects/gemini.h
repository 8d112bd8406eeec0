#pragma once

#include <span>

#include "base/json_writer.h"
#include "dialects/codec.h"

namespace llmgw::dialects {

// generateContent and streamGenerateContent (https://ai.google.dev/api/generate-content; google-genai 2.34.0,
// types.py), at Google's Gemini API and at Vertex AI. The model and whether it streams stand in the path:
// Request::model and Request::stream are set before decode_request, which keeps them.
const Codec& gemini_generate();
// embedContent and batchEmbedContents (https://ai.google.dev/api/embeddings).
const Codec& gemini_embed();

// The parts of the codec, a file each.
Result<Conversation> read_gemini_request(json::Value body);
std::string write_gemini_request(const Conversation&, const Writing&, Warnings&);
Result<Answer> read_gemini_answer(std::string_view body);
std::string write_gemini_answer(const Answer&);
std::unique_ptr<EventDecoder> gemini_event_decoder();
std::unique_ptr<EventEncoder> gemini_event_encoder(StreamOpening);

// What both calls share of a codec: the model in the path, the error's shape.
class GeminiCodec : public Codec {
 public:
  Result<void> decode_request(Request&) const override;
  void edit_request(const Request&, std::string_view model, bool ask_usage, json::Edit&) const override;
  std::string error_body(const Error&, std::string_view extra_fields) const override;
  std::string error_event(const Error&, const StreamSoFar&, std::string_view extra_fields) const override;
  std::string attach(const net::SseEvent& event, std::string_view extra_fields) const override;
  std::string_view end_event() const override { return {}; }

 protected:
  // What the call's own fields say: Request::needs. Errors: bad_request.
  virtual Result<void> decode_needs(json::Value body, Request&) const = 0;
};

// A member by its name in JSON, "maxOutputTokens", or as Protobuf spells it, "max_output_tokens": Google
// takes both (protobuf.dev, "ProtoJSON"), and litellm sends the latter.
json::Value gemini_field(json::Value object, std::string_view camel);

// `finishReason` and back. STOP is the end of a turn that calls tools, too. `spoken`: words came.
Finish gemini_finish(std::string_view reason, bool called);
std::string_view gemini_finish_reason(Finish, bool spoken);
// `usageMetadata`: its candidates' tokens leave out the thoughts'; our output holds both.
void read_gemini_usage(json::Value usage, observe::Usage& out);
void write_gemini_usage(json::Writer&, const observe::Usage&);

// The error object for a prompt that was blocked whole (`promptFeedback.blockReason`); empty: it was not.
std::string gemini_block(json::Value reply);

// What a candidate's groundingMetadata and citationMetadata say of its `text`. Offsets there are bytes of
// UTF-8 (types.Segment), ours characters; without the text they are left out.
std::vector<Citation> read_gemini_citations(json::Value candidate, std::string_view text);
// The reverse: `groundingMetadata`, with offsets where `text` is given.
void write_gemini_citations(json::Writer&, std::span<const Citation> citations, std::string_view text);

// OpenAPI's schema as Gemini has it (`parameters`, `responseSchema`: "OBJECT", nullable, counts as text) as
// JSON Schema.
RawJson json_schema_of_gemini(json::Value schema);

// The generation of a Gemini model by its name: 2.5 for "models/gemini-2.5-pro-preview", 0 for others'.
double gemini_generation(std::string_view model);

// Stands in place of a thought signature that another vendor's call cannot have
// (https://ai.google.dev/gemini-api/docs/thought-signatures, FAQ). Valid in base64, as the field must be.
inline constexpr std::string_view kNoSignature = "skip_thought_signature_validator";

}  // namespace llmgw::dialects
