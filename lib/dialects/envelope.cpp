// What the gateway reads of a JSON body in any dialect that has the model in it.
#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/codec.h"

namespace llmgw::dialects {

Result<void> read_envelope(Request& request) {
  auto refuse = [](std::string param, std::string message) {
    Error error;
    error.error_class = ErrorClass::bad_request;
    error.param = std::move(param);
    error.message = std::move(message);
    return fail(std::move(error));
  };
  auto doc = json::Doc::parse(request.body);
  if (!doc) return fail(std::move(doc.error()));
  request.doc = std::move(*doc);
  const json::Value body = request.doc->root();
  if (!body.is(json::Kind::object)) {
    return refuse("", "the body must be a JSON object, not " + std::string(json::name(body.kind())));
  }
  const auto model = body["model"];
  if (model && !model.is(json::Kind::string)) {
    return refuse("model", "'model' must be a string, not " + std::string(json::name(model.kind())));
  }
  if (model) request.model = model.text();
  if (!printable(request.model)) return refuse("model", "'model' has control characters");
  const auto stream = body["stream"];
  if (stream && !stream.is(json::Kind::boolean) && !stream.is_null()) {
    return refuse("stream", "'stream' must be true or false, not " + std::string(json::name(stream.kind())));
  }
  if (stream) request.stream = stream.boolean().value_or(false);
  return read_gateway_fields(body, request);
}

void edit_envelope(const Request& request, std::string_view model, json::Edit& edit) {
  const auto body = request.doc->root();
  if (!model.empty() && !body["model"].says(model)) edit.set("model", json::quoted(model));
  for (const std::string_view field : {"fallbacks", "fallback_on", "extra_fields"}) {
    if (body[field]) edit.remove(field);
  }
  // OpenRouter's name for fallbacks; where the chain is ours, the provider must not make another.
  if (request.fallbacks && body["models"]) edit.remove("models");
}

}  // namespace llmgw::dialects
