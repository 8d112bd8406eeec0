// Errors as AWS's SDKs raise them: the class by a name in a header, the message in the body (botocore 1.44.5,
// parsers.py, RestJSONParser).
#include "base/text.h"
#include "dialects/bedrock.h"
#include "net/aws_event_stream.h"

namespace llmgw::dialects {

std::string_view bedrock_exception(const Error& error) {
  switch (error.error_class) {
    case ErrorClass::rate_limit: return "ThrottlingException";
    case ErrorClass::quota:
    case ErrorClass::budget: return "ServiceQuotaExceededException";
    case ErrorClass::overloaded:
    case ErrorClass::network: return "ServiceUnavailableException";
    case ErrorClass::timeout: return "ModelTimeoutException";
    case ErrorClass::auth:
      return error.http_status() == 403 ? "AccessDeniedException" : "UnrecognizedClientException";
    case ErrorClass::policy: return "AccessDeniedException";
    case ErrorClass::model_unavailable: return "ResourceNotFoundException";
    case ErrorClass::bad_request:
      return error.http_status() == 404 ? "ResourceNotFoundException" : "ValidationException";
    case ErrorClass::context_length:
    case ErrorClass::content_filter: return "ValidationException";
    case ErrorClass::invalid_response: return "ModelErrorException";
    default: return "InternalServerException";
  }
}

std::string bedrock_error_body(const Error& error) {
  std::string out;
  json::Writer(out).begin_object().member("message", error.message).end_object();
  return out;
}

net::Headers bedrock_error_headers(const Error& error) {
  net::Headers headers;
  headers.add("x-amzn-errortype", bedrock_exception(error));
  return headers;
}

// The five that a stream knows (ConverseStreamOutput, ResponseStream).
std::string bedrock_error_frame(const Error& error) {
  std::string_view type = "internalServerException";
  switch (error.error_class) {
    case ErrorClass::rate_limit:
    case ErrorClass::quota:
    case ErrorClass::budget: type = "throttlingException"; break;
    case ErrorClass::overloaded: type = "serviceUnavailableException"; break;
    case ErrorClass::bad_request:
    case ErrorClass::context_length:
    case ErrorClass::content_filter:
    case ErrorClass::policy: type = "validationException"; break;
    case ErrorClass::network:
    case ErrorClass::timeout:
    case ErrorClass::invalid_response: type = "modelStreamErrorException"; break;
    default: break;
  }
  std::string out;
  net::append_aws_exception(out, type, bedrock_error_body(error));
  return out;
}

std::string bedrock_exception_object(std::string_view event_type, std::string_view payload) {
  const auto doc = json::Doc::parse(payload, {.allow_lone_surrogates = true});
  const auto body = doc ? doc->root() : json::Value();
  const auto message = body["message"] ? body["message"] : body["Message"];
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("__type", event_type.substr(net::AwsEventSplitter::kException.size()));
  writer.member("message", message.is(json::Kind::string) ? message.text() : shortened(payload, 500));
  // modelStreamErrorException: what the model's own server said.
  if (const auto original = body["originalMessage"]; original.is(json::Kind::string))
    writer.key("originalMessage").raw(original.raw());
  writer.end_object();
  return out;
}

}  // namespace llmgw::dialects
