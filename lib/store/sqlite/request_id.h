#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace llmgw::store::sqlite {

// A request id as 16 bytes, in the ids' own order (base/id.h: 26 digits of base 32 behind "req_").
// None for an id of another shape, which is kept as text.
std::optional<std::string> packed_id(std::string_view id);
std::string unpacked_id(std::string_view bytes);

// When a packed id was made.
WallTime time_of(std::string_view packed);

// The first and last packed id that begin with `prefix`, with or without "req_", in any case. None
// for what begins no id.
struct IdRange {
  std::string first, last;
};
std::optional<IdRange> ids_with_prefix(std::string_view prefix);

}  // namespace llmgw::store::sqlite
