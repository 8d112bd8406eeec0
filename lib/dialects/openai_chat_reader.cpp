// Reads a chat completions request.
#include <algorithm>
#include <array>

#include "dialects/custom_tool.h"
#include "dialects/media.h"
#include "dialects/openai_chat_request.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// OpenRouter's and litellm's way to say Anthropic's breakpoint.
std::optional<CacheMark> mark_of(Value control) {
  if (!control.is(Kind::object)) return std::nullopt;
  return CacheMark{control["ttl"].text()};
}

std::optional<CacheMark> read_cache_mark(Value part) {
  return mark_of(part["cache_control"]);
}

Result<Part> read_part(Value part, const std::string& path) {
  if (!part.is(Kind::object)) return refused(path, "must be a content part, an object");
  if (!part["type"].is(Kind::string)) return refused(path + ".type", "must be a string");
  Part out;
  out.cache = read_cache_mark(part);
  const std::string type = part["type"].text();
  if (type == "text" || type == "input_text" || type == "output_text") {
    if (!part["text"].is(Kind::string)) return refused(path + ".text", "must be a string");
    out.what = Text{.text = part["text"].text(), .citations = {}};
  } else if (type == "refusal") {
    out.what = Refusal{part["refusal"].text()};
  } else if (type == "image_url") {
    const auto image = part["image_url"];
    const auto url = image.is(Kind::string) ? image : image["url"];
    if (!url.is(Kind::string)) return refused(path + ".image_url.url", "must be a string");
    Image value{media_of_url(url.text())};
    value.media.detail = image["detail"].text();
    out.what = std::move(value);
  } else if (type == "input_audio") {
    const auto audio = part["input_audio"];
    if (!audio["data"].is(Kind::string)) return refused(path + ".input_audio.data", "must be a string");
    const std::string format = audio["format"].text();
    Audio value;
    value.media.data = standard_base64(audio["data"].text());
    value.media.mime = mime_of(format).empty() ? "audio/" + format : std::string(mime_of(format));
    out.what = std::move(value);
  } else if (type == "file") {
    const auto file = part["file"];
    File value;
    if (file["file_data"].is(Kind::string))
      value.media = media_of_file(file["file_data"].text(), file["filename"].text());
    value.media.file_id = file["file_id"].text();
    value.media.name = file["filename"].text();
    out.what = std::move(value);
  } else if (type == "thinking") {  // Mistral's
    out.what = Reasoning{.text = part["thinking"].at(0)["text"].text()};
  } else {
    out.what = Foreign{Dialect::openai_chat, type, std::string(part.raw())};
  }
  return out;
}

Result<void> read_content(Value content, const std::string& path, std::vector<Part>& out) {
  if (!content || content.is_null()) return {};
  if (content.is(Kind::string)) {
    if (!content.says("")) out.push_back({Text{.text = content.text(), .citations = {}}, {}});
    return {};
  }
  if (!content.is(Kind::array)) return refused(path, "must be a string or an array of parts");
  size_t i = 0;
  for (auto [_, element] : content.elements()) {
    auto part = read_part(element, at(path, i++));
    if (!part) return fail(std::move(part.error()));
    out.push_back(std::move(*part));
  }
  return {};
}

Result<void> read_tool_calls(Value calls, const std::string& path, std::vector<Part>& out) {
  if (auto ok = check_array(calls, path); !ok) return ok;
  size_t i = 0;
  for (auto [_, call] : calls.elements()) {
    const std::string here = at(path, i++);
    const auto function = call["function"];
    if (call["type"].says("custom")) {
      ToolCall custom{.id = call["id"].text(),
                      .name = call["custom"]["name"].text(),
                      .arguments = call["custom"]["input"].text()};
      custom.freeform = true;
      if (custom.id.empty()) return refused(here + ".id", "is missing");
      out.push_back({std::move(custom), {}});
      continue;
    }
    if (!function["name"].is(Kind::string)) return refused(here + ".function.name", "must be a string");
    ToolCall value{
        .id = call["id"].text(), .name = function["name"].text(), .arguments = function["arguments"].text()};
    // Gemini's seal in the words of its own endpoint for OpenAI's clients.
    value.seal = seal_in(Issuer::gemini, call["extra_content"]["google"]["thought_signature"].text());
    if (value.id.empty()) return refused(here + ".id", "is missing");
    if (value.arguments.empty()) value.arguments = "{}";
    out.push_back({std::move(value), {}});
  }
  return {};
}

// A message's members, found in one walk.
struct Fields {
  Value role, name, content, thought, refusal, tool_calls, tool_call_id, function_call, cache_control;

  explicit Fields(Value message) {
    for (auto [key, value] : message.members()) {
      if (key.says("role")) {
        role = value;
      } else if (key.says("content")) {
        content = value;
      } else if (key.says("tool_calls")) {
        tool_calls = value;
      } else if (key.says("tool_call_id")) {
        tool_call_id = value;
      } else if (key.says("reasoning_content") || (key.says("reasoning") && !thought)) {
        thought = value;
      } else if (key.says("name")) {
        name = value;
      } else if (key.says("refusal")) {
        refusal = value;
      } else if (key.says("function_call")) {
        function_call = value;
      } else if (key.says("cache_control")) {
        cache_control = value;
      }
    }
  }
};

Result<Message> read_message(Value message, const std::string& path) {
  if (!message.is(Kind::object)) return refused(path, "must be an object");
  const Fields fields(message);
  const std::string role = fields.role.text();
  Message out;
  out.name = fields.name.text();
  if (role == "system" || role == "developer") {
    out.role = Role::system;
  } else if (role == "assistant") {
    out.role = Role::assistant;
    if (fields.thought.is(Kind::string) && !fields.thought.says(""))
      out.parts.push_back({Reasoning{.text = fields.thought.text()}, {}});
  } else if (role == "tool" || role == "function") {
    ToolResult result{.id = fields.tool_call_id.text(), .name = out.name, .content = {}};
    if (role == "function") result.id = out.name;
    if (result.id.empty()) return refused(path + ".tool_call_id", "is missing");
    if (auto read = read_content(fields.content, path + ".content", result.content); !read)
      return fail(std::move(read.error()));
    out.name.clear();
    out.parts.push_back({std::move(result), mark_of(fields.cache_control)});
    return out;
  } else if (role != "user") {
    return refused(path + ".role", "must be system, developer, user, assistant or tool, not '" + role + "'");
  }
  if (auto read = read_content(fields.content, path + ".content", out.parts); !read)
    return fail(std::move(read.error()));
  if (fields.refusal.is(Kind::string) && !fields.refusal.says(""))
    out.parts.push_back({Refusal{fields.refusal.text()}, {}});
  if (auto read = read_tool_calls(fields.tool_calls, path + ".tool_calls", out.parts); !read)
    return fail(std::move(read.error()));
  if (const auto call = fields.function_call; call.is(Kind::object)) {  // the form before tools
    out.parts.push_back(
        {ToolCall{
             .id = call["name"].text(), .name = call["name"].text(), .arguments = call["arguments"].text()},
         {}});
  }
  // On the message, as litellm takes it: the breakpoint stands behind its last part.
  if (auto mark = mark_of(fields.cache_control); mark && !out.parts.empty()) out.parts.back().cache = mark;
  return out;
}

Result<void> read_tools(Value body, Conversation& out) {
  for (const std::string field : {"tools", "functions"}) {
    const auto tools = body[field];
    if (auto ok = check_array(tools, field); !ok) return ok;
    size_t i = 0;
    for (auto [_, tool] : tools.elements()) {
      const std::string here = at(field, i++);
      const auto type = tool["type"].text();
      if (field == "tools" && type != "function") {
        if (type == "custom") {
          out.tools.push_back(read_custom_tool(tool["custom"], tool, Dialect::openai_chat));
          continue;
        }
        Tool own;
        own.name = type;
        own.native = tool.raw();
        out.tools.push_back(std::move(own));
        continue;
      }
      auto read = read_openai_function(field == "tools" ? tool["function"] : tool,
                                       field == "tools" ? here + ".function" : here);
      if (!read) return fail(std::move(read.error()));
      read->cache = read_cache_mark(tool);
      if (!read->cache) read->cache = read_cache_mark(tool["function"]);
      out.tools.push_back(std::move(*read));
    }
  }
  return {};
}

void read_tool_choice(Value body, ToolChoice& out) {
  const auto choice = body["tool_choice"] ? body["tool_choice"] : body["function_call"];
  if (choice.says("auto")) out.kind = ToolChoice::Kind::automatic;
  if (choice.says("none")) out.kind = ToolChoice::Kind::none;
  if (choice.says("required")) out.kind = ToolChoice::Kind::required;
  if (choice.is(Kind::object)) {
    out.kind = ToolChoice::Kind::named;
    const auto named = choice["custom"] ? choice["custom"] : choice["function"];
    out.name = named ? named["name"].text() : choice["name"].text();
    if (out.name.empty()) out = {};
  }
  out.parallel = body["parallel_tool_calls"].boolean();
}

void read_format(Value format, OutputFormat& out) {
  const auto type = format["type"];
  if (type.says("text")) out.kind = OutputFormat::Kind::text;
  if (type.says("json_object")) out.kind = OutputFormat::Kind::json;
  if (!type.says("json_schema")) return;
  const auto schema = format["json_schema"];
  out.kind = OutputFormat::Kind::schema;
  out.name = schema["name"].text();
  out.description = schema["description"].text();
  out.schema = schema["schema"].raw();
  out.strict = schema["strict"].boolean();
}

void read_thinking(Value body, Thinking& out) {
  out.effort = body["reasoning_effort"].text();
  if (const auto reasoning = body["reasoning"]; reasoning.is(Kind::object)) {  // OpenRouter's
    if (reasoning["effort"]) out.effort = reasoning["effort"].text();
    out.budget = reasoning["max_tokens"].integer();
    out.on = reasoning["enabled"].boolean();
    if (const auto hidden = reasoning["exclude"].boolean()) out.shown = !*hidden;
  }
}

void read_sampling(Value body, Sampling& out) {
  const auto limit = body["max_completion_tokens"];
  out.max_output = limit && !limit.is_null() ? limit.integer() : body["max_tokens"].integer();
  out.temperature = body["temperature"].number();
  out.top_p = body["top_p"].number();
  out.top_k = body["top_k"].integer();
  out.frequency_penalty = body["frequency_penalty"].number();
  out.presence_penalty = body["presence_penalty"].number();
  out.seed = body["seed"].integer();
  out.choices = body["n"].integer();
  const auto stop = body["stop"];
  if (stop.is(Kind::string)) out.stop.push_back(stop.text());
  for (auto [_, text] : stop.elements()) out.stop.push_back(text.text());
}

// What is read above, or asks for nothing of the target.
constexpr std::array<std::string_view, 40> kRead = {"model",
                                                    "messages",
                                                    "stream",
                                                    "stream_options",
                                                    "tools",
                                                    "functions",
                                                    "tool_choice",
                                                    "function_call",
                                                    "parallel_tool_calls",
                                                    "response_format",
                                                    "reasoning_effort",
                                                    "reasoning",
                                                    "max_completion_tokens",
                                                    "max_tokens",
                                                    "temperature",
                                                    "top_p",
                                                    "top_k",
                                                    "frequency_penalty",
                                                    "presence_penalty",
                                                    "seed",
                                                    "n",
                                                    "stop",
                                                    "user",
                                                    "safety_identifier",
                                                    "metadata",
                                                    "service_tier",
                                                    "prompt_cache_key",
                                                    "store",
                                                    "fallbacks",
                                                    "fallback_on",
                                                    "extra_fields",
                                                    "models"};

// Whether the value says what holds without it, too.
bool says_nothing(std::string_view field, Value value) {
  if (value.is_null() || value.boolean() == false) return true;
  if (field == "modalities") return value.size() == 1 && value.at(0).says("text");
  if (field == "verbosity") return value.says("medium");
  return (value.is(Kind::array) || value.is(Kind::object)) && value.size() == 0;
}

}  // namespace

Result<Tool> read_openai_function(Value function, const std::string& path) {
  if (!function["name"].is(Kind::string)) return refused(path + ".name", "must be a string");
  Tool tool;
  tool.name = function["name"].text();
  tool.description = function["description"].text();
  if (const auto parameters = function["parameters"]; parameters.is(Kind::object))
    tool.parameters = parameters.raw();
  tool.strict = function["strict"].boolean();
  return tool;
}

Result<Conversation> read_chat_request(Value body) {
  Conversation out;
  const auto messages = body["messages"];
  if (!messages.is(Kind::array)) return refused("messages", "must be an array");
  size_t i = 0;
  for (auto [_, value] : messages.elements()) {
    auto message = read_message(value, at("messages", i++));
    if (!message) return fail(std::move(message.error()));
    out.messages.push_back(std::move(*message));
  }
  if (auto read = read_tools(body, out); !read) return fail(std::move(read.error()));
  read_tool_choice(body, out.tool_choice);
  read_format(body["response_format"], out.format);
  read_thinking(body, out.thinking);
  read_sampling(body, out.sampling);
  out.user = body["user"] ? body["user"].text() : body["safety_identifier"].text();
  for (auto [key, value] : body["metadata"].members())
    out.metadata.emplace_back(json::unescaped(key.raw().substr(1, key.raw().size() - 2)), value.text());
  out.service_tier = body["service_tier"].text();
  out.cache_key = body["prompt_cache_key"].text();
  out.store = body["store"].boolean();
  for (auto [key, value] : body.members()) {
    const std::string name = key.text();
    const bool known = std::ranges::find(kRead, std::string_view(name)) != kRead.end();
    if (!known && !says_nothing(name, value)) out.unmodelled.push_back(name);
  }
  normalize(out);
  return out;
}

}  // namespace llmgw::dialects
