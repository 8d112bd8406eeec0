#pragma once

#include <string>

#include "base/error.h"

namespace llmgw::ask {

// The largest file that is attached: providers take no more in one request.
inline constexpr size_t kMaxAttachment = 20 << 20;

// A file as a part of a chat message, in JSON: an image (PNG, JPEG, GIF, WebP, told by its first bytes) as
// an image_url data URL, WAV and MP3 as input_audio, UTF-8 text as a text part under the file's name
// (https://platform.openai.com/docs/api-reference/chat/create, "messages"). Errors: bad_request that names
// the file.
Result<std::string> attachment_part(const std::string& path);

// A part that says `text`.
std::string text_part(std::string_view text);

}  // namespace llmgw::ask
