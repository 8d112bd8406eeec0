#include "ask/question.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/text.h"

namespace llmgw::ask {
namespace {

using Json = nlohmann::ordered_json;

// What has a flag of its own, and which.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kFlags = {
    {{"model", "-m"},
     {"messages", "the prompt, -s or --continue"},
     {"stream", "--stream"},
     {"fallbacks", "-F"}}};

Result<void> set(Json& body, const std::string& key, const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) value = text;
  Json* at = &body;
  for (std::string_view rest = key;;) {
    const size_t dot = rest.find('.');
    const std::string step(rest.substr(0, dot));
    if (step.empty()) return fail(ErrorClass::bad_request, "-o " + key + ": a name is missing around a '.'");
    at = &(*at)[step];
    if (dot == std::string_view::npos) break;
    if (!at->is_null() && !at->is_object()) {
      return fail(ErrorClass::bad_request,
                  "-o " + key + ": '" + step + "' was set to something that is no object");
    }
    rest.remove_prefix(dot + 1);
  }
  *at = std::move(value);
  return {};
}

}  // namespace

std::string text_message(std::string_view role, std::string_view text) {
  std::string out;
  json::Writer(out).begin_object().member("role", role).member("content", text).end_object();
  return out;
}

std::string parts_message(std::string_view role, const std::vector<std::string>& parts) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("role", role).key("content").begin_array();
  for (const auto& part : parts) writer.raw(part);
  writer.end_array().end_object();
  return out;
}

Result<std::pair<std::string, std::string>> parse_option(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorClass::bad_request,
                "-o " + shortened(text, 80) + ": expected KEY=VALUE, as in -o temperature=0.2");
  }
  std::string key = text.substr(0, equals);
  for (const auto& [name, flag] : kFlags) {
    if (key == name)
      return fail(ErrorClass::bad_request, "-o " + key + ": use " + std::string(flag) + " for that");
  }
  return std::pair(std::move(key), text.substr(equals + 1));
}

Result<std::string> request_body(const Question& question) {
  Json options = Json::object();
  for (const auto& [key, value] : question.options) {
    if (auto done = set(options, key, value); !done) return fail(std::move(done.error()));
  }
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("model", question.model).key("messages").begin_array();
  for (const auto& message : question.messages) writer.raw(message);
  writer.end_array();
  if (question.stream) {
    writer.member("stream", true);
    if (!options.contains("stream_options")) writer.key("stream_options").raw(R"({"include_usage":true})");
  }
  if (!question.response_format.empty() && !options.contains("response_format")) {
    writer.key("response_format").raw(question.response_format);
  }
  for (const auto& [key, value] : options.items()) {
    writer.key(key).raw(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  if (!question.fallbacks.empty()) {
    writer.key("fallbacks").begin_array();
    for (const auto& fallback : question.fallbacks) writer.string(fallback);
    writer.end_array();
  }
  if (!options.contains("extra_fields")) writer.member("extra_fields", "full");
  writer.end_object();
  return out;
}

std::string schema_format(std::string_view name, std::string_view schema, bool strict) {
  std::string called;  // letters, digits, '_' and '-', at most 64
  for (const char c : name.substr(0, 64)) {
    const char l = lower(c);
    called += (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ? c : '_';
  }
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("type", "json_schema").key("json_schema").begin_object();
  writer.member("name", called.empty() ? "answer" : called).key("schema").raw(schema);
  if (strict) writer.member("strict", true);
  writer.end_object().end_object();
  return out;
}

}  // namespace llmgw::ask
