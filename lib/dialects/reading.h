#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "dialects/translation.h"
#include "net/sse.h"

// What the codecs' readers and writers share.
namespace llmgw::dialects {

// A bad_request at the field `path`.
std::unexpected<Error> refused(std::string path, std::string message);

// A provider's whole reply, and one event of its stream: a JSON object. Errors: invalid_response, with how it
// begins instead.
Result<json::Doc> parse_reply(std::string_view body);
Result<json::Doc> parse_event(const net::SseEvent&);

// "messages" and 3: "messages[3]".
std::string at(std::string_view path, size_t index);

// An array that a request must have, or may: fails when the member is there and no array.
Result<void> check_array(json::Value value, const std::string& path);

// Notes that `field` is said to the target with a loss, or not at all.
void warn(Warnings& warnings, std::string_view code, std::string field);

// The texts of `parts` joined, without anything between them.
std::string joined_text(const std::vector<Part>& parts);

// `json` when it is valid, else as a JSON object: models write arguments that are broken at times, and every
// other vendor insists on an object.
std::string arguments_object(const RawJson& json);

// The id of a call as a target takes it that bounds its length: as it is, or the same short one each time.
std::string bounded_call_id(std::string_view id, size_t most);

// A made-up id of a tool call, for dialects whose calls have none: the same for the same call at the same
// place of the same answer, so that a replayed request is the same request.
std::string made_up_call_id(std::string_view answer, size_t choice, size_t part);

}  // namespace llmgw::dialects
