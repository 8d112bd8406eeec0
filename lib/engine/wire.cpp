#include "engine/wire.h"

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/custom_tool.h"
#include "dialects/multipart.h"
#include "dialects/output_limit.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::engine {
namespace {

using dialects::Dialect;

// What must change in the client's body for this target; nothing: it goes as it came.
std::optional<std::string> edited(const dialects::Request& request, const routing::Target& target,
                                  const dialects::Codec& codec) {
  if (!request.doc) {
    const auto changes = dialects::form_changes(request, target.model);
    if (changes.empty() || request.file != nullptr) return std::nullopt;
    return dialects::changed(request.body, changes);
  }
  json::Edit edit(request.doc->root());
  const auto& provider = *target.upstream->provider;
  codec.edit_request(request, target.model, provider.quirks().stream_options, edit);
  provider.adapt(request.dialect, request.doc->root(), target.model, edit);
  if (edit.empty()) return std::nullopt;
  return edit.apply();
}

std::string translated(const dialects::Request& request, const routing::Target& target, bool mark_prefix,
                       const dialects::Conversation& conversation, Wire& wire) {
  const auto& provider = *target.upstream->provider;
  const auto facts = provider.facts(target.model);
  std::string body = wire.codec->translation()->write_request(conversation,
                                                              {.model = target.model,
                                                               .kind = provider.kind(),
                                                               .stream = request.stream,
                                                               .client_bytes = request.body.size(),
                                                               .ask_usage = provider.quirks().stream_options,
                                                               .max_output = facts.max_output,
                                                               .thinks = facts.reasoning,
                                                               .mark_prefix = mark_prefix},
                                                              wire.warnings);
  for (const auto& field : conversation.unmodelled) {
    // In the client's own dialect what stands for nothing canonical is known all the same.
    const auto value = wire.dialect == request.dialect ? request.doc->root()[field] : json::Value();
    if (value && json::quoted(field) == "\"" + field + "\"") {
      body = json::with_last_member(body, field, value.raw());
    } else {
      dialects::warn(wire.warnings, dialects::warning::kDropped, field);
    }
  }
  if (!provider.adapts(wire.dialect)) return body;
  const auto doc = json::Doc::parse(body);
  if (!doc) return body;
  json::Edit edit(doc->root());
  provider.adapt(wire.dialect, doc->root(), target.model, edit);
  return edit.empty() ? body : edit.apply();
}

// Embeddings for a target of another dialect.
Result<void> translate_embeddings(const dialects::Request& request, const routing::Target& target,
                                  Wire& wire) {
  auto asked = dialects::codec(request.dialect)->embeddings()->read_request(request);
  if (!asked) return fail(std::move(asked.error()));
  for (const auto& field : asked->unmodelled)
    dialects::warn(wire.warnings, dialects::warning::kDropped, field);
  wire.body = wire.codec->embeddings()->write_request(*asked, target.model);
  wire.embedding = std::move(*asked);
  return {};
}

// Dialects whose bodies may hold a seal of another vendor, which we marked.
bool may_carry_seals(Dialect d) {
  return d == Dialect::anthropic_messages || d == Dialect::gemini_generate ||
         d == Dialect::bedrock_converse || d == Dialect::bedrock_invoke || d == Dialect::openai_responses;
}

// "?model=fast&x=y" for `model`: where a WebSocket is opened, the query names it.
std::string with_model(std::string query, std::string_view model) {
  size_t begin = query.starts_with("?model=") ? 0 : query.find("&model=");
  if (begin == std::string::npos) return query;
  begin += std::string_view("?model=").size();
  const size_t end = std::min(query.find('&', begin), query.size());
  return query.replace(begin, end - begin, percent_encoded(model));
}

// The body, which is ready to be sent, with a limit to its answer.
void limit_output(const dialects::Request& request, const routing::Target& target, int64_t tokens,
                  Wire& wire) {
  const auto& provider = *target.upstream->provider;
  const auto doc = json::Doc::parse(wire.body ? std::string_view(*wire.body) : request.body);
  if (!doc || !doc->root().is(json::Kind::object)) return;
  std::string limited = dialects::with_output_limit(wire.dialect, provider.kind(), doc->root(), tokens);
  if (provider.adapts(wire.dialect)) {  // it may have its own name for the limit
    const auto again = json::Doc::parse(limited);
    json::Edit edit(again->root());
    provider.adapt(wire.dialect, again->root(), target.model, edit);
    if (!edit.empty()) limited = edit.apply();
  }
  wire.body = std::move(limited);
  dialects::warn(wire.warnings, dialects::warning::kMaxTokensClamped, "max_tokens");
}

// make_wire() but for the limit.
Result<Wire> plain_wire(const dialects::Request& request, const routing::Target& target, bool strict,
                        bool mark_prefix, const ReadConversation& conversation) {
  const auto& provider = *target.upstream->provider;
  Wire wire;
  wire.dialect = provider.wire(request.dialect, target.model).value_or(request.dialect);
  wire.codec = dialects::codec(wire.dialect);
  wire.translated = wire.dialect != request.dialect ||
                    (may_carry_seals(request.dialect) && dialects::has_marked_seal(request.body));
  if (!wire.translated) {
    std::string query = request.query.empty() ? "" : "?" + request.query;
    if (request.websocket) query = with_model(std::move(query), target.model);
    wire.body = edited(request, target, *wire.codec);
    wire.path = provider.path(wire.dialect, request.path + query, target.model, request.stream);
    return wire;
  }
  if (wire.codec->embeddings() != nullptr) {
    if (auto done = translate_embeddings(request, target, wire); !done) return fail(std::move(done.error()));
  } else {
    const auto read = conversation();
    if (!read) return fail(read.error());
    if (dialects::has_custom_tools(**read, wire.dialect)) {
      const auto adapted =
          dialects::custom_tools_as_functions(**read, wire.dialect, wire.custom_tools, wire.warnings);
      wire.body = translated(request, target, mark_prefix, adapted, wire);
    } else {
      wire.body = translated(request, target, mark_prefix, **read, wire);
    }
  }
  wire.path = provider.path(wire.dialect, "", target.model, request.stream);
  if (strict && !wire.warnings.empty()) {
    Error error{.error_class = ErrorClass::bad_request, .code = "unsupported_parameter"};
    error.param = wire.warnings.front().field;
    error.message = "translation is \"strict\", and " + target.name() + " cannot be told";
    for (const auto& warning : wire.warnings) error.message += " '" + warning.field + "'";
    return fail(std::move(error));
  }
  return wire;
}

}  // namespace

Result<Wire> make_wire(const dialects::Request& request, const routing::Target& target, bool strict,
                       bool mark_prefix, std::optional<int64_t> output_limit,
                       const ReadConversation& conversation) {
  auto wire = plain_wire(request, target, strict, mark_prefix, conversation);
  if (wire && output_limit) limit_output(request, target, *output_limit, *wire);
  return wire;
}

Result<std::string> translated_embeddings(const Wire& wire, const dialects::Codec& codec,
                                          std::string_view model, std::string_view body) {
  auto answer = wire.codec->embeddings()->read_answer(body);
  if (!answer) return fail(std::move(answer.error()));
  if (answer->vectors.size() != wire.embedding->inputs.size()) {
    return fail(ErrorClass::invalid_response, std::to_string(answer->vectors.size()) + " embeddings for " +
                                                  std::to_string(wire.embedding->inputs.size()) + " inputs");
  }
  return codec.embeddings()->write_answer(*answer, *wire.embedding, model);
}

net::Headers translated_request_headers(const net::Headers& forwarded) {
  net::Headers out;
  for (const auto field : forwarded) {
    if (iequals(field.name, "traceparent") || iequals(field.name, "tracestate") ||
        iequals(field.name, "user-agent")) {
      out.add(field.name, field.value);
    }
  }
  out.add("Content-Type", "application/json");
  return out;
}

bool same_error_shape(Dialect a, Dialect b) {
  auto family = [](Dialect d) {
    switch (dialects::counted(d)) {
      case Dialect::anthropic_messages: return 1;
      case Dialect::gemini_generate:
      case Dialect::gemini_embed: return 2;
      case Dialect::bedrock_converse:
      case Dialect::bedrock_invoke: return 3;
      case Dialect::cohere_chat:
      case Dialect::cohere_embed:
      case Dialect::rerank: return 4;
      case Dialect::ollama_chat: return 5;
      default: return 0;
    }
  };
  return family(a) == family(b);
}

}  // namespace llmgw::engine
