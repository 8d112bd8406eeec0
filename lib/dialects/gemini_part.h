#pragma once

#include <optional>

#include "base/json_writer.h"
#include "dialects/conversation.h"

namespace llmgw::dialects {

// One part of a content (types.Part). A call without an id has an empty one: the caller makes it up. A text
// may be empty and bear a seal alone. None: the part says nothing, or is no object.
std::optional<Part> read_gemini_part(json::Value part);

// Adds a part that was read to those before it. What a stream's client collected comes in pieces: thoughts
// become one again, and a signature alone goes to what it seals.
void append_gemini_part(Part part, std::vector<Part>& parts);

// The seal of a part that was read, as its kind of part bears it; null: it has no place for one.
Seal* seal_of(Part& part);
const Seal* seal_of(const Part& part);

// Writes the part with `signature` as its thoughtSignature, unless empty; false, and nothing, when a part
// cannot say it. `ids`: calls bear their ids.
bool write_gemini_part(json::Writer&, const Part& part, std::string_view signature, bool ids);

}  // namespace llmgw::dialects
