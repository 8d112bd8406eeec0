#pragma once

#include <string>
#include <string_view>

#include "dialects/conversation.h"

namespace llmgw::dialects {

// "data:image/png;base64,…" (RFC 2397) taken apart, any other text as a URL. A data URL that is not base64
// becomes it.
Media media_of_url(std::string_view url);
// A document as OpenAI's `file_data` has it: a data URL, or base64 alone, whose type its name tells.
Media media_of_file(std::string_view data, std::string_view name);
// The reverse: a data URL for media with data, else its URL.
std::string url_of(const Media& media);

// base64 in the URL-safe alphabet, or without its padding (google-genai sends the former), in the standard
// form that other vendors insist on.
std::string standard_base64(std::string_view text);

// A media type by a file's extension or OpenAI's `format` ("png", "wav", "mp3", "pdf"), and back; empty: not
// known.
std::string_view mime_of(std::string_view format);
std::string_view format_of(std::string_view mime);

}  // namespace llmgw::dialects
