#include "dialects/media.h"

#include <array>

#include "base/text.h"

namespace llmgw::dialects {
namespace {

struct Format {
  std::string_view mime, format;
};
// The first row of a media type names its format; the first row of a format its media type.
constexpr std::array kFormats = std::to_array<Format>({
    {"image/png", "png"},
    {"image/jpeg", "jpeg"},
    {"image/jpeg", "jpg"},
    {"image/gif", "gif"},
    {"image/webp", "webp"},
    {"audio/wav", "wav"},
    {"audio/x-wav", "wav"},
    {"audio/mpeg", "mp3"},
    {"audio/mp3", "mp3"},
    {"audio/flac", "flac"},
    {"audio/ogg", "ogg"},
    {"audio/aac", "aac"},
    {"audio/opus", "opus"},
    {"application/pdf", "pdf"},
    {"text/csv", "csv"},
    {"text/html", "html"},
    {"text/plain", "txt"},
    {"text/markdown", "md"},
    {"application/msword", "doc"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
    {"application/vnd.ms-excel", "xls"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    {"video/mp4", "mp4"},
});

}  // namespace

Media media_of_url(std::string_view url) {
  Media media;
  if (!url.starts_with("data:")) {
    media.url = url;
    return media;
  }
  url.remove_prefix(5);
  const size_t comma = url.find(',');
  auto head = url.substr(0, comma);
  const auto data = comma == std::string_view::npos ? std::string_view() : url.substr(comma + 1);
  media.mime = head.substr(0, head.find(';'));
  if (head.ends_with(";base64")) {
    media.data = standard_base64(data);
  } else {
    media.data = base64(percent_decoded(data).value_or(std::string(data)));
  }
  return media;
}

Media media_of_file(std::string_view data, std::string_view name) {
  if (data.starts_with("data:")) return media_of_url(data);
  Media media;
  media.data = standard_base64(data);
  if (const size_t dot = name.rfind('.'); dot != std::string_view::npos)
    media.mime = mime_of(name.substr(dot + 1));
  return media;
}

std::string url_of(const Media& media) {
  if (media.data.empty()) return media.url;
  return "data:" + (media.mime.empty() ? std::string("application/octet-stream") : media.mime) + ";base64," +
         media.data;
}

std::string standard_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  for (const char c : text) {
    if (c == '-') {
      out += '+';
    } else if (c == '_') {
      out += '/';
    } else if (c != '\n' && c != '\r') {
      out += c;
    }
  }
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::string_view mime_of(std::string_view format) {
  for (const auto& row : kFormats) {
    if (row.format == format) return row.mime;
  }
  return {};
}

std::string_view format_of(std::string_view mime) {
  mime = mime.substr(0, mime.find(';'));
  for (const auto& row : kFormats) {
    if (row.mime == mime) return row.format;
  }
  return {};
}

}  // namespace llmgw::dialects
