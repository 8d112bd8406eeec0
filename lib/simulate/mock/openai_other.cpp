// The rest of OpenAI's API, as far as clients need it to go on:
// https://platform.openai.com/docs/api-reference.
#include <algorithm>

#include "base/text.h"
#include "simulate/mock/openai.h"

namespace llmgw::simulate {
namespace {

// A PNG of one transparent pixel, in base64.
constexpr std::string_view kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

std::unexpected<Error> unknown_id(std::string_view what, std::string_view id) {
  return fail(Error{.error_class = ErrorClass::model_unavailable,
                    .status = 404,
                    .message = "No such " + std::string(what) + ": " + shortened(id, 100)});
}

// Text that says "flagged" is flagged for violence, any other is not.
Result<PlainReply> moderations(const OtherCall& call) {
  const auto input = call.body["input"];
  if (!input) return unreadable("input", "Missing required parameter: 'input'.");
  static constexpr std::string_view kCategories[] = {"harassment",
                                                     "harassment/threatening",
                                                     "hate",
                                                     "hate/threatening",
                                                     "illicit",
                                                     "illicit/violent",
                                                     "self-harm",
                                                     "self-harm/instructions",
                                                     "self-harm/intent",
                                                     "sexual",
                                                     "sexual/minors",
                                                     "violence",
                                                     "violence/graphic"};
  PlainReply reply;
  json::Writer w(reply.body);
  w.begin_object()
      .member("id", "modr-" + call.id.token)
      .member("model", call.model)
      .key("results")
      .begin_array();
  auto result = [&](bool flagged) {
    w.begin_object().member("flagged", flagged).key("categories").begin_object();
    for (const auto category : kCategories) w.member(category, flagged && category == "violence");
    w.end_object().key("category_scores").begin_object();
    for (const auto category : kCategories)
      w.member(category, flagged && category == "violence" ? 0.99 : 0.0001);
    w.end_object().end_object();
  };
  const bool several = input.is(json::Kind::array) && input.at(0).is(json::Kind::string);
  if (several) {
    for (auto [_, text] : input.elements()) result(text.text().find("flagged") != std::string::npos);
  } else {
    result(input.raw().find("flagged") != std::string_view::npos);
  }
  w.end_array().end_object();
  return reply;
}

Result<PlainReply> images(const OtherCall& call) {
  if (call.path == "/images/generations" && !call.body["prompt"]) {
    return unreadable("prompt", "Missing required parameter: 'prompt'.");
  }
  const int64_t n = std::clamp<int64_t>(call.body["n"].integer().value_or(1), 1, 10);
  PlainReply reply;
  json::Writer w(reply.body);
  w.begin_object().member("created", call.id.created).key("data").begin_array();
  for (int64_t i = 0; i < n; ++i) w.begin_object().member("b64_json", kPixel).end_object();
  w.end_array().end_object();
  return reply;
}

// A tenth of a second of silence.
Result<PlainReply> speech(const OtherCall& call) {
  if (!call.body["input"]) return unreadable("input", "Missing required parameter: 'input'.");
  const auto format = call.body["response_format"].string().value_or("mp3");
  constexpr uint32_t kRate = 24'000, kBytes = kRate / 10 * 2;
  PlainReply reply;
  if (format == "pcm") {
    reply.type = "audio/pcm";
    reply.body.assign(kBytes, '\0');
  } else if (format == "wav") {
    auto number = [&](uint32_t value, int bytes) {
      for (int i = 0; i < bytes; ++i) reply.body += static_cast<char>(value >> (8 * i));
    };
    reply.type = "audio/wav";
    reply.body = "RIFF";
    number(36 + kBytes, 4);
    reply.body += "WAVEfmt ";
    // Of the format: 16 bytes; PCM, mono, samples and bytes a second, bytes and bits a sample.
    number(16, 4);
    number(1, 2);
    number(1, 2);
    number(kRate, 4);
    number(kRate * 2, 4);
    number(2, 2);
    number(16, 2);
    reply.body += "data";
    number(kBytes, 4);
    reply.body.append(kBytes, '\0');
  } else if (format == "mp3") {
    // Frames of MPEG-1 layer III at 128 kbit/s, 44.1 kHz: 417 bytes each.
    reply.type = "audio/mpeg";
    for (int i = 0; i < 4; ++i) reply.body += "\xFF\xFB\x90\x64" + std::string(413, '\0');
  } else {
    return unreadable("response_format",
                      "The mock speaks mp3, wav and pcm, not '" + shortened(format, 40) + "'.");
  }
  return reply;
}

Result<PlainReply> transcription(const OtherCall& call) {
  const auto file = form_field(call.request, "file");
  if (!file) return unreadable("file", "Missing required parameter: 'file'.");
  const std::string text = "A recording of " + std::to_string(file->size()) + " bytes.";
  if (form_field(call.request, "response_format").value_or("json") == "text") {
    return PlainReply{.type = "text/plain; charset=utf-8", .body = text + "\n"};
  }
  return PlainReply{.body = "{\"text\":" + json::quoted(text) + "}"};
}

std::string list_of(const std::vector<StoredObject>& objects) {
  std::string out = R"({"object":"list","data":[)";
  for (size_t i = 0; i < objects.size(); ++i) out.append(i == 0 ? "" : ",").append(objects[i].json);
  return out + R"(],"has_more":false})";
}

Result<PlainReply> upload(const OtherCall& call, MockState& state) {
  const auto file = form_field(call.request, "file");
  if (!file) return unreadable("file", "Missing required parameter: 'file'.");
  const auto purpose = form_field(call.request, "purpose");
  if (!purpose) return unreadable("purpose", "Missing required parameter: 'purpose'.");
  const auto id = state.new_id("file");
  StoredObject object{.json = {}, .content = std::string(*file)};
  json::Writer w(object.json);
  w.begin_object()
      .member("id", id)
      .member("object", "file")
      .member("bytes", static_cast<int64_t>(file->size()));
  w.member("created_at", call.id.created).member("filename", "upload").member("purpose", *purpose);
  w.member("status", "processed").end_object();
  PlainReply reply{.body = object.json};
  state.keep(id, std::move(object));
  return reply;
}

Result<PlainReply> files(const OtherCall& call, MockState& state) {
  const auto& method = call.request.method;
  if (call.path == "/files") {
    if (method == "POST") return upload(call, state);
    return PlainReply{.body = list_of(state.list("file-"))};
  }
  auto rest = call.path.substr(7);
  const bool content = rest.ends_with("/content");
  if (content) rest.remove_suffix(8);
  const std::string id(rest);
  const auto found = state.find(id);
  if (!found || !id.starts_with("file-")) return unknown_id("File object", id);
  if (method == "DELETE") {
    state.remove(id);
    return PlainReply{.body = R"({"id":)" + json::quoted(id) + R"(,"object":"file","deleted":true})"};
  }
  if (content) return PlainReply{.type = "application/octet-stream", .body = found->content};
  return PlainReply{.body = found->json};
}

std::string batch_json(const OtherCall& call, const std::string& id, std::string_view file,
                       std::string_view endpoint) {
  std::string out;
  json::Writer w(out);
  w.begin_object()
      .member("id", id)
      .member("object", "batch")
      .member("endpoint", endpoint)
      .key("errors")
      .null();
  w.member("input_file_id", file).member("completion_window", "24h").member("status", "in_progress");
  w.key("output_file_id").null().key("error_file_id").null().member("created_at", call.id.created);
  w.member("expires_at", call.id.created + 86'400).key("request_counts").begin_object();
  w.member("total", 0)
      .member("completed", 0)
      .member("failed", 0)
      .end_object()
      .key("metadata")
      .null()
      .end_object();
  return out;
}

Result<PlainReply> batches(const OtherCall& call, MockState& state) {
  if (call.path == "/batches" && call.request.method == "POST") {
    for (const std::string_view field : {"input_file_id", "endpoint", "completion_window"}) {
      if (!call.body[field])
        return unreadable(std::string(field), "Missing required parameter: '" + std::string(field) + "'.");
    }
    const auto file = call.body["input_file_id"].text();
    if (!state.find(file)) return unknown_id("File object", file);
    const auto id = state.new_id("batch");
    PlainReply reply{.body = batch_json(call, id, file, call.body["endpoint"].text())};
    state.keep(id, {.json = reply.body, .content = {}});
    return reply;
  }
  if (call.path == "/batches") return PlainReply{.body = list_of(state.list("batch-"))};
  auto rest = call.path.substr(9);
  const bool cancel = rest.ends_with("/cancel");
  if (cancel) rest.remove_suffix(7);
  const std::string id(rest);
  auto found = state.find(id);
  if (!found || !id.starts_with("batch-")) return unknown_id("Batch", id);
  if (cancel) {
    const std::string_view from = R"("status":"in_progress")";
    if (const size_t at = found->json.find(from); at != std::string::npos) {
      found->json.replace(at, from.size(), R"("status":"cancelling")");
      state.keep(id, *found);
    }
  }
  return PlainReply{.body = found->json};
}

std::string model_json(std::string_view id, int64_t created) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .member("id", id)
      .member("object", "model")
      .member("created", created)
      .member("owned_by", "mock")
      .end_object();
  return out;
}

Result<PlainReply> models(const OtherCall& call, MockState& state) {
  constexpr int64_t kCreated = 1'767'225'600;  // 2026-01-01
  if (call.path == "/models") {
    std::string out = R"({"object":"list","data":[)";
    const auto names = state.models();
    for (size_t i = 0; i < names.size(); ++i)
      out.append(i == 0 ? "" : ",").append(model_json(names[i], kCreated));
    return PlainReply{.body = out + "]}"};
  }
  const auto id = percent_decoded(call.path.substr(8)).value_or("");
  if (!state.serves(id)) {
    return fail(Error{.error_class = ErrorClass::model_unavailable,
                      .status = 404,
                      .message = "The model '" + shortened(id, 100) + "' does not exist",
                      .code = "model_not_found"});
  }
  return PlainReply{.body = model_json(id, kCreated)};
}

}  // namespace

std::optional<std::string_view> form_field(const net::HttpRequest& request, std::string_view name) {
  const auto type = request.headers.get("content-type");
  const size_t at = type.find("boundary=");
  if (at == std::string_view::npos) return std::nullopt;
  auto boundary = type.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() > 1 && boundary.front() == '"') boundary = boundary.substr(1, boundary.size() - 2);
  const std::string delimiter = "\r\n--" + std::string(boundary),
                    wanted = "name=\"" + std::string(name) + "\"";
  const std::string_view body = request.body;
  for (size_t head = body.find(delimiter.substr(2)); head != std::string_view::npos;) {
    const size_t blank = body.find("\r\n\r\n", head);
    if (blank == std::string_view::npos) return std::nullopt;
    const size_t end = body.find(delimiter, blank + 2);
    if (end == std::string_view::npos) return std::nullopt;
    const auto fields = body.substr(head, blank - head);
    if (const size_t found = fields.find(wanted);
        found != std::string_view::npos && fields[found - 1] != 'e') {
      return end > blank + 4 ? body.substr(blank + 4, end - blank - 4) : std::string_view{};
    }
    head = end + 2;
  }
  return std::nullopt;
}

std::optional<Result<PlainReply>> openai_other(const OtherCall& call, MockState& state) {
  const auto path = call.path;
  const bool post = call.request.method == "POST";
  auto is = [&](std::string_view root) {
    return path == root || (path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/');
  };
  if (post && path == "/embeddings") return embeddings(call.body, call.model);
  if (post && path == "/moderations") return moderations(call);
  if (post && is("/images")) return images(call);
  if (post && path == "/audio/speech") return speech(call);
  if (post && (path == "/audio/transcriptions" || path == "/audio/translations")) return transcription(call);
  if (is("/files")) return files(call, state);
  if (is("/batches")) return batches(call, state);
  if (is("/models")) return models(call, state);
  return std::nullopt;
}

}  // namespace llmgw::simulate
