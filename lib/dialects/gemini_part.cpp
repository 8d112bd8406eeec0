// The parts of contents, in requests and replies.
#include "dialects/gemini_part.h"

#include <array>

#include "dialects/gemini.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// Files uploaded to Google are nobody else's to fetch.
constexpr std::string_view kUploads = "https://generativelanguage.googleapis.com/";

constexpr std::array<std::string_view, 4> kForeign = {"executableCode", "codeExecutionResult", "toolCall",
                                                      "toolResponse"};

Part media_part(Media media) {
  if (media.mime.starts_with("image/")) return {Image{std::move(media)}, {}};
  if (media.mime.starts_with("audio/")) return {Audio{std::move(media)}, {}};
  return {File{std::move(media)}, {}};
}

Part read_inline(Value blob) {
  Media media;
  media.mime = gemini_field(blob, "mimeType").text();
  media.data = standard_base64(blob["data"].text());
  media.name = gemini_field(blob, "displayName").text();
  return media_part(std::move(media));
}

Part read_file(Value file) {
  Media media;
  media.mime = gemini_field(file, "mimeType").text();
  media.name = gemini_field(file, "displayName").text();
  const std::string uri = gemini_field(file, "fileUri").text();
  const bool upload = std::string_view(uri).starts_with(kUploads);
  if (upload) media.file_id = uri;
  if (!upload) media.url = uri;
  return media_part(std::move(media));
}

std::string as_text(Value value) {
  return value.is(Kind::string) ? value.text() : std::string(value.raw());
}

// "Use "output" key to specify function output and "error" key to specify error details"
// (types.FunctionResponse).
ToolResult read_result(Value response) {
  ToolResult out{.id = response["id"].text(), .name = response["name"].text(), .content = {}};
  const auto said = response["response"];
  const bool alone = said.size() == 1;
  std::string text;
  if (alone && said["error"]) {
    out.error = true;
    text = as_text(said["error"]);
  } else if (alone && said["output"]) {
    text = as_text(said["output"]);
  } else if (said.size() > 0) {
    text = said.raw();
  }
  if (!text.empty()) out.content.push_back({Text{.text = std::move(text), .citations = {}}, {}});
  for (auto [_, part] : response["parts"].elements()) {
    if (const auto blob = gemini_field(part, "inlineData")) out.content.push_back(read_inline(blob));
    if (const auto file = gemini_field(part, "fileData")) out.content.push_back(read_file(file));
  }
  return out;
}

std::string_view guessed_mime(const Media& media, std::string_view otherwise) {
  if (!media.mime.empty()) return media.mime;
  const auto path = std::string_view(media.url).substr(0, media.url.find_first_of("?#"));
  const size_t dot = path.rfind('.');
  const auto known = dot == std::string_view::npos ? std::string_view() : mime_of(path.substr(dot + 1));
  return known.empty() ? otherwise : known;
}

bool write_media(json::Writer& writer, const Media& media, std::string_view otherwise) {
  const bool upload = media.file_id.starts_with(kUploads);
  if (media.data.empty() && media.url.empty() && !upload) return false;
  writer.begin_object();
  if (!media.data.empty()) {
    writer.key("inlineData").begin_object().member("mimeType", guessed_mime(media, otherwise));
    writer.member("data", media.data);
  } else {
    writer.key("fileData").begin_object();
    // Google knows what its own uploads are.
    if (!upload || !media.mime.empty()) writer.member("mimeType", guessed_mime(media, otherwise));
    writer.member("fileUri", upload ? media.file_id : media.url);
  }
  writer.end_object();
  return true;
}

}  // namespace

std::optional<Part> read_gemini_part(Value part) {
  const Seal seal = [&] {
    const std::string signature = gemini_field(part, "thoughtSignature").text();
    return signature == kNoSignature ? Seal{} : seal_in(Issuer::gemini, signature);
  }();
  if (const auto call = gemini_field(part, "functionCall"); call.is(Kind::object)) {
    const auto args = call["args"];
    return Part{ToolCall{.id = call["id"].text(),
                         .name = call["name"].text(),
                         .arguments = args.is(Kind::object) ? std::string(args.raw()) : "{}",
                         .seal = seal},
                {}};
  }
  if (const auto response = gemini_field(part, "functionResponse"); response.is(Kind::object))
    return Part{read_result(response), {}};
  if (part["text"].is(Kind::string)) {
    std::string text = part["text"].text();
    if (part["thought"].boolean().value_or(false)) {
      const bool redacted = text.empty() && seal;
      if (text.empty() && !seal) return std::nullopt;
      return Part{Reasoning{.text = std::move(text), .seal = seal, .redacted = redacted}, {}};
    }
    if (text.empty() && !seal) return std::nullopt;
    return Part{Text{.text = std::move(text), .citations = {}, .seal = seal}, {}};
  }
  if (const auto blob = gemini_field(part, "inlineData"); blob.is(Kind::object)) return read_inline(blob);
  if (const auto file = gemini_field(part, "fileData"); file.is(Kind::object)) return read_file(file);
  for (const auto type : kForeign) {
    if (gemini_field(part, type))
      return Part{Foreign{Dialect::gemini_generate, std::string(type), std::string(part.raw())}, {}};
  }
  if (seal) return Part{Text{.text = {}, .citations = {}, .seal = seal}, {}};
  return std::nullopt;
}

void append_gemini_part(Part part, std::vector<Part>& parts) {
  const auto* text = part.get<Text>();
  if (text != nullptr && text->text.empty()) {
    Seal* place = parts.empty() ? nullptr : seal_of(parts.back());
    if (place != nullptr && !*place) *place = text->seal;
    return;
  }
  auto* thought = part.get<Reasoning>();
  auto* before = parts.empty() ? nullptr : parts.back().get<Reasoning>();
  if (thought != nullptr && before != nullptr && !before->seal) {
    before->text += thought->text;
    before->seal = std::move(thought->seal);
    return;
  }
  parts.push_back(std::move(part));
}

const Seal* seal_of(const Part& part) {
  if (const auto* text = part.get<Text>()) return &text->seal;
  if (const auto* reasoning = part.get<Reasoning>()) return &reasoning->seal;
  if (const auto* call = part.get<ToolCall>()) return &call->seal;
  return nullptr;
}

Seal* seal_of(Part& part) {
  return const_cast<Seal*>(seal_of(std::as_const(part)));
}

bool write_gemini_part(json::Writer& writer, const Part& part, std::string_view signature, bool ids) {
  if (const auto* text = part.get<Text>()) {
    writer.begin_object().member("text", text->text);
  } else if (const auto* refusal = part.get<Refusal>()) {
    writer.begin_object().member("text", refusal->text);
  } else if (const auto* reasoning = part.get<Reasoning>()) {
    writer.begin_object().member("text", reasoning->text).member("thought", true);
  } else if (const auto* call = part.get<ToolCall>()) {
    writer.begin_object().key("functionCall").begin_object();
    if (ids) writer.member("id", call->id);
    writer.member("name", call->name).key("args").raw(arguments_object(call->arguments)).end_object();
  } else if (const auto* image = part.get<Image>()) {
    if (!write_media(writer, image->media, "image/jpeg")) return false;
  } else if (const auto* audio = part.get<Audio>()) {
    if (!write_media(writer, audio->media, "audio/wav")) return false;
  } else if (const auto* file = part.get<File>()) {
    if (!write_media(writer, file->media, "application/pdf")) return false;
  } else if (const auto* foreign = part.get<Foreign>();
             foreign != nullptr && foreign->dialect == Dialect::gemini_generate) {
    writer.raw(foreign->json);
    return true;
  } else {
    return false;
  }
  if (!signature.empty()) writer.member("thoughtSignature", signature);
  writer.end_object();
  return true;
}

}  // namespace llmgw::dialects
