#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "net/http_message.h"

namespace llmgw::net {

// Instead of a length: how the end of a body is known.
inline constexpr uint64_t kChunked = UINT64_MAX;
inline constexpr uint64_t kToClose = UINT64_MAX - 1;

// Appends the status line, Date, the framing and connection fields, and `headers`, which
// hold none of these themselves.
void append_response_head(std::string& out, int status, const Headers& headers, uint64_t length,
                          bool keep_alive, WallTime now);

}  // namespace llmgw::net
