#include "service/object_id.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace llmgw::service {
namespace {

// Families whose objects have ids (https://platform.openai.com/docs/api-reference).
constexpr std::array<std::string_view, 12> kFamilies = {
    "files",      "uploads", "batches",    "responses", "conversations", "vector_stores",
    "assistants", "threads", "containers", "evals",     "videos",        "fine_tuning"};

bool has_objects(std::string_view family) {
  return std::ranges::find(kFamilies, family) != kFamilies.end();
}

// Calls that stand where an id would.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kCalls = {
    {{"responses", "compact"}, {"responses", "input_tokens"}, {"threads", "runs"}}};

std::vector<std::string_view> segments(std::string_view path) {
  return split(path, '/');
}

}  // namespace

std::optional<std::string> named_object(const dialects::Request& request) {
  const auto parts = segments(request.path);
  if (!parts.empty() && has_objects(parts[0])) {
    const bool tuning = parts[0] == "fine_tuning";  // only /fine_tuning/jobs/ID has one
    const size_t place = tuning ? 2 : 1;
    const bool call = parts.size() > 1 &&
                      (tuning ? parts[1] != "jobs"
                              : std::ranges::find(kCalls, std::pair(parts[0], parts[1])) != kCalls.end());
    if (parts.size() > place && !call)
      return percent_decoded(parts[place]).value_or(std::string(parts[place]));
  }
  if (!request.doc) return std::nullopt;
  const auto body = request.doc->root();
  for (const std::string_view field : {"input_file_id", "training_file", "previous_response_id"}) {
    if (auto id = body[field].string(); id && !id->empty()) return id;
  }
  const auto conversation = body["conversation"];
  if (auto id = conversation.is(json::Kind::object) ? conversation["id"].string() : conversation.string())
    return id;
  return std::nullopt;
}

bool gives_out_ids(const dialects::Request& request) {
  const auto parts = segments(request.path);
  return request.method != "DELETE" && !parts.empty() && has_objects(parts[0]);
}

}  // namespace llmgw::service
