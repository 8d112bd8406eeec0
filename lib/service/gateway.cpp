#include "service/gateway.h"

#include "base/id.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/multipart.h"
#include "engine/model_lists.h"
#include "net/inflate.h"
#include "net/websocket.h"
#include "service/array_writer.h"
#include "service/aws_signature.h"
#include "service/budget_list.h"
#include "service/cors.h"
#include "service/credentials.h"
#include "service/gatekeeper.h"
#include "service/model_list.h"
#include "service/object_id.h"
#include "service/query.h"
#include "service/request_headers.h"

namespace llmgw::service {
namespace {

void reply(net::ResponseWriter& writer, int status, std::string_view type, std::string_view body) {
  net::Headers headers;
  headers.add("Content-Type", type);
  (void)writer.send(status, headers, body);
}

Error not_found(std::string message) {
  return Error{.error_class = ErrorClass::bad_request,
               .status = 404,
               .message = std::move(message),
               .code = "unknown_url"};
}

// Bodies may come compressed; the limits hold for what they become.
Result<void> inflate_body(std::string_view coding, std::string& coded, net::ResponseWriter& writer,
                          int64_t limit) {
  if (coding.empty() || iequals(coding, "identity")) return {};
  const auto inflater = net::Inflater::make(coding);
  if (inflater == nullptr) {
    return fail(Error{.error_class = ErrorClass::bad_request,
                      .status = 415,
                      .message = "the Content-Encoding '" + shortened(coding, 40) +
                                 "' is not read here; send gzip, zstd or none"});
  }
  constexpr size_t kPiece = 4 << 10;  // may become a thousand times as much before that is counted
  std::string body;
  Result<void> fed;
  for (size_t at = 0; at < coded.size() && fed; at += kPiece) {
    const size_t before = body.size();
    fed = inflater->feed(std::string_view(coded).substr(at, kPiece), body, static_cast<uint64_t>(limit));
    if (auto held = writer.hold(static_cast<int64_t>(body.size() - before)); !held) return held;
  }
  if (!fed || !inflater->complete()) {
    Error error{.error_class = ErrorClass::bad_request, .message = "the compressed body is broken"};
    if (!fed && fed.error().status == 413)
      error =
          Error{.error_class = ErrorClass::bad_request,
                .status = 413,
                .message = "decoded, the body is larger than max_body, " + std::to_string(limit) + " bytes"};
    return fail(std::move(error));
  }
  std::swap(coded, body);
  return writer.hold(-static_cast<int64_t>(body.size()));
}

// Whether the stream asked for is to be a JSON array.
bool streams_array(const Face& face, std::string_view target) {
  if (face.dialect != dialects::Dialect::gemini_generate || face.stream != true) return false;
  const size_t mark = target.find('?');
  return mark == std::string_view::npos || !asks_for_events(target.substr(mark + 1));
}

// Whose words an error at that path is said in.
dialects::Dialect dialect_at(std::string_view path) {
  const auto face = find_face(path);
  return face && dialects::codec(face->dialect) != nullptr ? face->dialect : dialects::Dialect::openai_other;
}

}  // namespace

void Gateway::handle(net::HttpRequest& request, net::ResponseWriter& writer) {
  const auto topology = shared_.topology.load();
  const auto& server = topology->config().server;
  if (serve_own(request, writer, *topology)) return;
  if (auto host = check_host(request, server); !host)
    return refuse(writer, host.error(), dialect_at(request.path()));
  if (auto granted = check_origin(request, server); !granted)
    return refuse(writer, granted.error(), dialect_at(request.path()));
  const auto origin = request.headers.get("origin");
  if (origin.empty()) return route(request, writer, topology);
  CorsWriter granted(writer, origin);
  route(request, granted, topology);
}

// What has come in by the right door goes to who serves its path.
void Gateway::route(net::HttpRequest& request, net::ResponseWriter& writer,
                    const std::shared_ptr<const routing::Topology>& topology) {
  if (shared_.server.closed) {
    return refuse(writer,
                  Error{.error_class = ErrorClass::overloaded,
                        .status = 503,
                        .message = "the gateway is shutting down",
                        .code = "draining",
                        .retry_after = 1s},
                  dialect_at(request.path()));
  }
  if (request.method == "OPTIONS") {
    (void)writer.send(204, preflight_headers(request), {});
    return;
  }
  if (request.path().starts_with("/api/")) {
    if (auto admin = check_admin(request, topology->config().server); !admin)
      return refuse(writer, admin.error());
    return serve_admin(request, writer, topology);
  }
  auto face = find_face(request.path());
  if (!face) {
    return refuse(writer,
                  not_found("there is nothing at " + shortened(request.path(), 200) +
                            "; the OpenAI API is at /v1, Anthropic's at /anthropic, Gemini's at /genai, "
                            "Bedrock's at /bedrock, Cohere's at /cohere, Ollama's at /ollama"));
  }
  if (dialects::codec(face->dialect) == nullptr) {
    return refuse(writer, not_found("the dialect " + std::string(dialects::name(face->dialect)) +
                                    " is not built yet; use /v1"));
  }
  if (net::asks_for_websocket(request)) return serve_websocket(request, writer, *face, topology);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads && face->call == Face::Call::models) return serve_models(request, writer, *topology, *face);
  if (streams_array(*face, request.target)) {
    ArrayWriter array(writer);
    return serve_inference(request, array, std::move(*face), topology);
  }
  serve_inference(request, writer, std::move(*face), topology);
}

std::string Gateway::refusal(const net::HttpFault& fault, const net::HttpRequest& request) {
  Error error{.error_class = fault.status >= 500 ? ErrorClass::overloaded : ErrorClass::bad_request,
              .status = fault.status,
              .message = fault.message,
              .code = fault.status >= 500 ? "" : "malformed_request"};
  if (fault.status == 500) error.error_class = ErrorClass::server_error;
  return dialects::codec(dialect_at(request.path()))->error_body(error, {});
}

// A reply as every other: with the request's id, though nobody was called.
void Gateway::refuse(net::ResponseWriter& writer, const Error& error, dialects::Dialect dialect) {
  const auto& world = engine_.world();
  const std::string id = request_id(world.fibers.wall(), world.random);
  net::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("x-llmgw-request-id", id);
  headers.add("x-llmgw-attempts", "0");
  headers.add("x-llmgw-cache", "off");
  if (error.retry_after) headers.add("Retry-After", std::to_string((to_ms(*error.retry_after) + 999) / 1000));
  const bool bare = shared_.topology.load()->config().server.extra_fields == config::ExtraFields::off;
  const std::string extra = bare ? std::string() : "{\"request_id\":" + json::quoted(id) + "}";
  for (const auto [name, value] : dialects::codec(dialect)->error_headers(error)) headers.set(name, value);
  (void)writer.send(error.http_status(), headers, dialects::codec(dialect)->error_body(error, extra));
}

// What is ours and asks for no Host: probes and metrics.
bool Gateway::serve_own(net::HttpRequest& request, net::ResponseWriter& writer, const routing::Topology&) {
  const auto path = request.path();
  if (path != "/health" && path != "/ready" && path != "/metrics") return false;
  if (request.method != "GET" && request.method != "HEAD") {
    refuse(writer, Error{.error_class = ErrorClass::bad_request,
                         .status = 405,
                         .message = "only GET and HEAD are served here"});
  } else if (path == "/health") {
    reply(writer, 200, "application/json", R"({"status":"ok"})");
  } else if (path == "/ready") {
    const bool ready = shared_.ready;
    reply(writer, ready ? 200 : 503, "application/json",
          ready ? R"({"status":"ready"})" : R"({"status":"draining"})");
  } else {
    // A page of many series takes milliseconds: it is made off the loops.
    auto text = std::make_shared<std::string>();
    if (auto ran = shared_.offload->run(
            engine_.world().fibers, [this, text] { *text = shared_.metrics(); }, kNever);
        !ran) {
      refuse(writer, ran.error());
    } else {
      reply(writer, 200, "text/plain; version=0.0.4; charset=utf-8", *text);
    }
  }
  return true;
}

void Gateway::serve_inference(net::HttpRequest& http, net::ResponseWriter& writer, Face face,
                              std::shared_ptr<const routing::Topology> topology) {
  const auto& server = topology->config().server;
  dialects::Request request;
  request.dialect = face.dialect;
  request.method = std::move(http.method);
  request.path = std::move(face.path);
  const std::string target = std::move(http.target);
  if (const size_t mark = target.find('?'); mark != std::string::npos)
    request.query = forwarded_query(std::string_view(target).substr(mark + 1));
  if (face.stream) request.stream = *face.stream;
  // Of the vendors' own dialects, those with the model in the path have it nowhere else.
  if (face.dialect >= dialects::Dialect::anthropic_messages && !face.model.empty())
    request.model = std::move(face.model);
  for (const auto& name : http.headers.names_of_this_hop()) http.headers.remove(name);
  const auto coding = std::string(http.headers.get("content-encoding"));
  request.headers = std::move(http.headers);
  if (const auto admitted = admit(target, server, request); !admitted)
    return refuse(writer, admitted.error(), face.dialect);
  if (auto inflated = inflate_body(coding, http.body, writer, server.max_body); !inflated)
    return refuse(writer, inflated.error(), face.dialect);
  request.body = std::move(http.body);
  request.file = std::move(http.file);
  const bool inference = face.dialect != dialects::Dialect::openai_other;
  if (inference && request.method != "POST") {
    return refuse(
        writer,
        Error{.error_class = ErrorClass::bad_request, .status = 405, .message = "only POST is served here"},
        face.dialect);
  }
  const auto type = request.headers.get("content-type");
  Result<void> decoded;
  if (inference && icontains(type, "multipart/form-data")) {
    decoded = fail(Error{.error_class = ErrorClass::bad_request,
                         .status = 415,
                         .message = "a form is not read here; send the body as application/json"});
  } else if (icontains(type, "multipart/form-data")) {
    decoded = read_form(type, request);
  } else if (inference || (!request.body.empty() && (icontains(type, "json") || type.empty()))) {
    decoded = dialects::codec(face.dialect)->decode_request(request);
  }
  if (decoded) decoded = read_request_headers(request.headers, request);
  if (!decoded) return refuse(writer, decoded.error(), face.dialect);
  if (request.model.empty()) request.model = face.model;
  if (inference && request.model.empty()) {
    return refuse(
        writer,
        Error{.error_class = ErrorClass::bad_request, .message = "'model' is missing", .param = "model"},
        face.dialect);
  }
  if (auto pinned = pin(request); !pinned) return refuse(writer, pinned.error(), face.dialect);
  if (face.call == Face::Call::count_tokens) return serve_count(request, topology, writer);
  engine_.run(request, std::move(topology), writer);
}

// A form's fields; where it is in a file they are looked for off the loop.
Result<void> Gateway::read_form(std::string_view type, dialects::Request& request) {
  if (request.file == nullptr) {
    auto fields = dialects::scan_form(type, request.body);
    return fields ? dialects::read_form(std::move(*fields), request) : fail(std::move(fields.error()));
  }
  auto found = std::make_shared<Result<std::vector<dialects::FormField>>>();
  auto ran = shared_.files->run(
      engine_.world().fibers,
      [found, file = request.file, type = std::string(type)] { *found = dialects::scan_form(type, *file); },
      kNever);
  if (!ran) return ran;
  return *found ? dialects::read_form(std::move(**found), request) : fail(std::move(found->error()));
}

Result<void> Gateway::admit(std::string_view target, const config::Server& server,
                            dialects::Request& request) const {
  if (const auto signer = aws_access_key(request.headers); !signer) return fail(signer.error());
  const auto keys = shared_.keys.load();
  const bool required = server.auth ? *server.auth == config::Auth::virtual_key : !keys->empty();
  const size_t mark = target.find('?');
  const auto query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  return find_virtual_key(*keys, required, query, engine_.world().fibers.wall(), request);
}

// A call that names an object of a provider goes where the object is.
Result<void> Gateway::pin(dialects::Request& request) {
  request.gives_out_ids = gives_out_ids(request);
  const auto id = named_object(request);
  if (!id) return {};
  auto found = std::make_shared<Result<std::optional<store::Pin>>>(std::nullopt);
  auto ran = shared_.offload->run(
      engine_.world().fibers, [this, found, id = *id] { *found = shared_.pins->find(id); }, kNever);
  if (!ran) return ran;
  if (!*found) return fail(std::move(found->error()));
  const auto& pin = **found;
  if (!pin) {
    return fail(Error{.error_class = ErrorClass::bad_request,
                      .status = 404,
                      .message = "no provider gave out the id '" + shortened(*id, 100) +
                                 "' through this gateway; list the objects first if it is older",
                      .code = "unknown_object"});
  }
  request.provider = pin->provider;
  request.pinned_key = pin->key;
  return {};
}

void Gateway::serve_models(net::HttpRequest& http, net::ResponseWriter& writer,
                           const routing::Topology& topology, const Face& face) {
  dialects::Request asked;
  asked.headers = std::move(http.headers);
  if (const auto admitted = admit(http.target, topology.config().server, asked); !admitted)
    return refuse(writer, admitted.error(), face.dialect);
  const auto* key = asked.key.get();
  const auto& world = engine_.world();
  engine::ask_for_models(world, topology, engine::Lists::missing, engine::kLookUp);
  if (face.model.empty()) {
    reply(writer, 200, "application/json", model_list(topology, face.dialect, key));
    // What was shown may be old: the next one who asks sees what is told now.
    return engine::ask_for_models(world, topology, engine::Lists::old, engine::kLookUp);
  }
  if (const auto entry = model_entry(topology, face.dialect, face.model, key)) {
    return reply(writer, 200, "application/json", *entry);
  }
  Error error{.error_class = ErrorClass::model_unavailable,
              .message = "there is no model '" + shortened(face.model, 200) + "'",
              .code = "model_not_found",
              .param = "model"};
  refuse(writer, error, face.dialect);
}

void Gateway::serve_admin(const net::HttpRequest& request, net::ResponseWriter& writer,
                          const std::shared_ptr<const routing::Topology>& topology) {
  const auto path = request.path();
  if (path == "/api/reload" && request.method == "POST") return serve_reload(writer);
  if (request.method != "GET" || (path != "/api/keys" && path != "/api/budgets")) {
    return refuse(writer, not_found("there is no admin call " + request.method + " " + shortened(path, 100)));
  }
  // Thousands of keys take milliseconds: the list is made off the loops.
  auto text = std::make_shared<std::string>();
  auto ran = shared_.offload->run(
      engine_.world().fibers,
      [text, topology, book = shared_.budgets.load(), keys = path == "/api/keys",
       now = engine_.world().fibers.wall()] {
        *text = keys ? key_list(topology->config(), book.get(), now) : budget_list(book.get(), now);
      },
      kNever);
  if (!ran) return refuse(writer, ran.error());
  reply(writer, 200, "application/json", *text);
}

void Gateway::serve_reload(net::ResponseWriter& writer) {
  auto result = std::make_shared<Result<std::string>>(fail(ErrorClass::overloaded, "the reload did not run"));
  auto ran =
      shared_.offload->run(engine_.world().fibers, [this, result] { *result = shared_.reload(); }, kNever);
  if (!ran) return refuse(writer, ran.error());
  if (!*result) return refuse(writer, result->error());
  reply(writer, 200, "application/json", "{\"status\":" + json::quoted(**result) + "}");
}

}  // namespace llmgw::service
