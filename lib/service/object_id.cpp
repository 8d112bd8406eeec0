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

std::vector<std::string_view> segments(std::string_view path) {
  return split(path, '/');
}

}  // namespace

std::optional<std::string> named_object(const dialects::Request& request) {
  const auto parts = segments(request.path);
  if (!parts.empty() && has_objects(parts[0])) {
    const size_t place = parts[0] == "fine_tuning" ? 2 : 1;  // /fine_tuning/jobs/ID
    if (parts.size() > place) return percent_decoded(parts[place]);
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

bool creates_object(const dialects::Request& request) {
  const auto parts = segments(request.path);
  if (request.method != "POST" || parts.empty() || !has_objects(parts[0])) return false;
  return parts.size() == (parts[0] == "fine_tuning" ? 2u : 1u);
}

}  // namespace llmgw::service
