#include "ask/attachment.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/json_writer.h"
#include "base/text.h"

namespace llmgw::ask {
namespace {

using namespace std::string_view_literals;

Result<std::string> read(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(ErrorClass::bad_request, "cannot attach " + path + ": it is a folder");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorClass::bad_request, "cannot attach " + path + ": " + std::strerror(errno));
  std::string bytes(kMaxAttachment + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(in.gcount()));
  if (in.bad()) return fail(ErrorClass::bad_request, "cannot attach " + path + ": it cannot be read");
  if (bytes.size() > kMaxAttachment) {
    return fail(ErrorClass::bad_request, "cannot attach " + path + ": it is larger than 20 MiB");
  }
  if (bytes.empty()) return fail(ErrorClass::bad_request, "cannot attach " + path + ": it is empty");
  return bytes;
}

std::string_view image_type(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return "image/webp";
  return {};
}

std::string_view audio_format(std::string_view bytes) {
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WAVE")) return "wav";
  // An ID3 tag, or the frame sync of MPEG layer III.
  const auto second = bytes.size() > 1 ? static_cast<unsigned char>(bytes[1]) : 0;
  if (bytes.starts_with("ID3") || (bytes.starts_with("\xff") && (second & 0xe6) == 0xe2)) return "mp3";
  return {};
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF; no NUL.
bool is_text(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size();) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == 0) return false;
    const size_t more = c < 0x80                ? 0
                        : c >= 0xc2 && c < 0xe0 ? 1
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xf0 && c < 0xf5 ? 3
                                                : 4;
    if (more == 4 || i + more >= bytes.size()) return false;
    uint32_t code = more == 0 ? c : c & (0x3fu >> more);
    for (size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(bytes[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3fu);
    }
    if ((more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
        (more == 3 && (code < 0x10000 || code > 0x10ffff)))
      return false;
    i += more + 1;
  }
  return true;
}

}  // namespace

std::string text_part(std::string_view text) {
  std::string out;
  json::Writer(out).begin_object().member("type", "text").member("text", text).end_object();
  return out;
}

Result<std::string> attachment_part(const std::string& path) {
  auto bytes = read(path);
  if (!bytes) return fail(std::move(bytes.error()));
  std::string out;
  json::Writer writer(out);
  if (const auto type = image_type(*bytes); !type.empty()) {
    writer.begin_object().member("type", "image_url").key("image_url").begin_object();
    writer.member("url", "data:" + std::string(type) + ";base64," + base64(*bytes)).end_object().end_object();
    return out;
  }
  if (const auto format = audio_format(*bytes); !format.empty()) {
    writer.begin_object().member("type", "input_audio").key("input_audio").begin_object();
    writer.member("data", base64(*bytes)).member("format", format).end_object().end_object();
    return out;
  }
  if (!is_text(*bytes)) {
    return fail(ErrorClass::bad_request,
                "cannot attach " + path +
                    ": it is none of PNG, JPEG, GIF, WebP, WAV, MP3 and no UTF-8 text; convert it first");
  }
  return text_part("File " + std::filesystem::path(path).filename().string() + ":\n" + *bytes);
}

}  // namespace llmgw::ask
