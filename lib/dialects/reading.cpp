#include "dialects/reading.h"

#include "base/hash.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace llmgw::dialects {
namespace {

Result<json::Doc> parse_object(std::string_view text, std::string_view otherwise) {
  auto doc = json::Doc::parse(text, {.allow_lone_surrogates = true});
  if (!doc || !doc->root().is(json::Kind::object))
    return fail(ErrorClass::invalid_response, std::string(otherwise) + shortened(text, 120));
  return doc;
}

}  // namespace

std::unexpected<Error> refused(std::string path, std::string message) {
  Error error;
  error.error_class = ErrorClass::bad_request;
  error.message = path.empty() ? std::move(message) : "'" + path + "' " + std::move(message);
  error.param = std::move(path);
  error.code = "invalid_value";
  return fail(std::move(error));
}

Result<json::Doc> parse_reply(std::string_view body) {
  return parse_object(body, "a reply that is no JSON object: ");
}

Result<json::Doc> parse_event(const net::SseEvent& event) {
  return parse_object(event.data, "a stream event that is no JSON object: ");
}

std::string at(std::string_view path, size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

Result<void> check_array(json::Value value, const std::string& path) {
  if (!value || value.is_null() || value.is(json::Kind::array)) return {};
  return refused(path, "must be an array, not " + std::string(json::name(value.kind())));
}

void warn(Warnings& warnings, std::string_view code, std::string field) {
  Warning warning{std::string(code), std::move(field)};
  for (const auto& known : warnings) {
    if (known == warning) return;
  }
  warnings.push_back(std::move(warning));
}

std::string joined_text(const std::vector<Part>& parts) {
  std::string out;
  for (const Part& part : parts) {
    if (const auto* text = part.get<Text>()) out += text->text;
  }
  return out;
}

std::string arguments_object(const RawJson& json) {
  if (json.empty()) return "{}";
  const auto doc = json::Doc::parse(json, {.allow_lone_surrogates = true});
  if (doc && doc->root().is(json::Kind::object)) return json;
  return "{\"arguments\":" + (doc ? json : json::quoted(json)) + "}";
}

std::string bounded_call_id(std::string_view id, size_t most) {
  return id.size() <= most ? std::string(id) : made_up_call_id(id, 0, 0);
}

std::string made_up_call_id(std::string_view answer, size_t choice, size_t part) {
  static constexpr char kDigits[] = "abcdefghijklmnopqrstuvwxyz012345";
  uint64_t hash = hash64(std::string(answer) + "/" + std::to_string(choice) + "/" + std::to_string(part));
  std::string id = "call_";
  for (int i = 0; i < 12; ++i, hash >>= 5) id += kDigits[hash & 31];
  return id;
}

}  // namespace llmgw::dialects
