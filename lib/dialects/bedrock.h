#pragma once

#include "base/json_writer.h"
#include "dialects/codec.h"

namespace llmgw::dialects {

// Bedrock's Converse and ConverseStream (botocore 1.44.5, bedrock-runtime service-2.json). Model and stream
// come from the path: decode_request() keeps what stands in the request. Gateway fields may stand in
// additionalModelRequestFields, the one place that boto3 leaves open.
const Codec& bedrock_converse();

// InvokeModel and InvokeModelWithResponseStream. The body is the model's own: that of a Claude
// (docs.aws.amazon.com, "Anthropic Claude Messages API") is the Messages API's without model and stream, and
// is translated; any other passes to Bedrock only.
const Codec& bedrock_invoke();

// The parts of Converse's codec, a file each.
Result<Conversation> read_bedrock_request(json::Value body);
std::string write_bedrock_request(const Conversation&, const Writing&, Warnings&);
Result<Answer> read_bedrock_answer(std::string_view body);
std::string write_bedrock_answer(const Answer&);
std::unique_ptr<EventDecoder> bedrock_event_decoder();
std::unique_ptr<EventEncoder> bedrock_event_encoder();

// One content block: a part, or the mark of a cache, which belongs to the part before it. Errors: bad_request
// at `path`.
Result<void> read_bedrock_block(json::Value block, const std::string& path, std::vector<Part>& out);

// A citation as in a reply and in a stream.
Citation read_bedrock_citation(json::Value citation);
void write_bedrock_citation(json::Writer&, const Citation&);

// The `format` of a media type in a block of that kind (image, audio, document), and the type of such a
// format; empty: there is none.
std::string bedrock_format(std::string_view kind, std::string_view mime);
std::string bedrock_mime(std::string_view kind, std::string_view format);

// `stopReason` and back.
Finish bedrock_finish(std::string_view reason);
std::string_view bedrock_stop_reason(Finish);
// `usage`: its inputTokens leave out what the cache gave and took; ours holds all.
void read_bedrock_usage(json::Value usage, observe::Usage& out);
void write_bedrock_usage(json::Writer&, const observe::Usage&);

// The error of a stream's exception frame, as JSON with its name: {"__type", "message"}.
std::string bedrock_exception_object(std::string_view event_type, std::string_view payload);
// The name by which AWS's SDKs raise `error` ("ThrottlingException"), as in x-amzn-errortype.
std::string_view bedrock_exception(const Error&);
// The same for both dialects.
std::string bedrock_error_body(const Error&);
std::string bedrock_error_frame(const Error&);
net::Headers bedrock_error_headers(const Error&);

}  // namespace llmgw::dialects
