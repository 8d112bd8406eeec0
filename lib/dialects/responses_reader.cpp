// Reads a Responses request.
#include <algorithm>
#include <array>

#include "dialects/custom_tool.h"
#include "dialects/media.h"
#include "dialects/openai_chat_request.h"
#include "dialects/reading.h"
#include "dialects/responses.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

Result<Part> read_part(Value part, const std::string& path) {
  if (!part.is(Kind::object)) return refused(path, "must be a content part, an object");
  if (!part["type"].is(Kind::string)) return refused(path + ".type", "must be a string");
  Part out;
  const std::string type = part["type"].text();
  if (type == "input_text" || type == "output_text" || type == "text") {
    if (!part["text"].is(Kind::string)) return refused(path + ".text", "must be a string");
    Text text{.text = part["text"].text(), .citations = {}};
    for (auto [_, annotation] : part["annotations"].elements()) {
      if (auto citation = responses_citation(annotation)) text.citations.push_back(std::move(*citation));
    }
    out.what = std::move(text);
  } else if (type == "refusal") {
    out.what = Refusal{part["refusal"].text()};
  } else if (type == "input_image") {
    Image image;
    if (part["image_url"].is(Kind::string)) image.media = media_of_url(part["image_url"].text());
    image.media.file_id = part["file_id"].text();
    image.media.detail = part["detail"].text();
    if (image.media.data.empty() && image.media.url.empty() && image.media.file_id.empty())
      return refused(path + ".image_url", "must be a string");
    out.what = std::move(image);
  } else if (type == "input_file") {
    File file;
    if (part["file_data"].is(Kind::string))
      file.media = media_of_file(part["file_data"].text(), part["filename"].text());
    if (part["file_url"].is(Kind::string)) file.media.url = part["file_url"].text();
    file.media.file_id = part["file_id"].text();
    file.media.name = part["filename"].text();
    out.what = std::move(file);
  } else if (type == "input_audio") {
    const auto audio = part["input_audio"];
    if (!audio["data"].is(Kind::string)) return refused(path + ".input_audio.data", "must be a string");
    const std::string format = audio["format"].text();
    Audio value;
    value.media.data = standard_base64(audio["data"].text());
    value.media.mime = mime_of(format).empty() ? "audio/" + format : std::string(mime_of(format));
    out.what = std::move(value);
  } else {
    out.what = Foreign{Dialect::openai_responses, type, std::string(part.raw())};
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

Result<Message> read_message(Value item, const std::string& path) {
  Message out;
  const std::string role = item["role"].text();
  if (role == "system" || role == "developer") {
    out.role = Role::system;
  } else if (role == "assistant") {
    out.role = Role::assistant;
  } else if (role != "user") {
    return refused(path + ".role", "must be user, assistant, system or developer, not '" + role + "'");
  }
  if (auto read = read_content(item["content"], path + ".content", out.parts); !read)
    return fail(std::move(read.error()));
  return out;
}

// One item of `input`, as the message that it is, or is a part of.
Result<Message> read_item(Value item, const std::string& path) {
  if (!item.is(Kind::object)) return refused(path, "must be an item, an object");
  const std::string type = item["type"] ? item["type"].text() : "message";
  if (type == "message") return read_message(item, path);
  Message out;
  if (type == "function_call" || type == "custom_tool_call") {
    out.role = Role::assistant;
    ToolCall call = read_responses_call(item);
    if (call.id.empty()) return refused(path + ".call_id", "is missing");
    if (call.name.empty()) return refused(path + ".name", "is missing");
    out.parts.push_back({std::move(call), {}});
  } else if (type == "function_call_output" || type == "custom_tool_call_output") {
    ToolResult result{.id = item["call_id"].text(), .name = {}, .content = {}};
    result.freeform = type == "custom_tool_call_output";
    if (result.id.empty()) return refused(path + ".call_id", "is missing");
    if (auto read = read_content(item["output"], path + ".output", result.content); !read)
      return fail(std::move(read.error()));
    out.parts.push_back({std::move(result), {}});
  } else if (type == "reasoning") {
    out.role = Role::assistant;
    read_output_item(item, {}, out.parts);
  } else {
    // What its own tools left behind stands on the side of who made it.
    if (!type.ends_with("_output") && !type.ends_with("_response")) out.role = Role::assistant;
    out.parts.push_back({Foreign{Dialect::openai_responses, type, std::string(item.raw())}, {}});
  }
  return out;
}

Result<void> read_input(Value body, Conversation& out) {
  if (const auto instructions = body["instructions"]; instructions && !instructions.is_null()) {
    Message message{Role::system, {}, {}};
    if (auto read = read_content(instructions, "instructions", message.parts); !read) return read;
    out.messages.push_back(std::move(message));
  }
  const auto input = body["input"];
  if (input.is(Kind::string)) {
    out.messages.push_back({Role::user, {{Text{.text = input.text(), .citations = {}}, {}}}, {}});
    return {};
  }
  if (!input.is(Kind::array)) return refused("input", "must be a string or an array of items");
  size_t i = 0;
  for (auto [_, item] : input.elements()) {
    auto message = read_item(item, at("input", i++));
    if (!message) return fail(std::move(message.error()));
    out.messages.push_back(std::move(*message));
  }
  return {};
}

Result<void> read_tools(Value tools, Conversation& out) {
  if (auto ok = check_array(tools, "tools"); !ok) return ok;
  size_t i = 0;
  for (auto [_, value] : tools.elements()) {
    const std::string path = at("tools", i++);
    if (value["type"].says("function")) {
      auto tool = read_openai_function(value, path);
      if (!tool) return fail(std::move(tool.error()));
      out.tools.push_back(std::move(*tool));
      continue;
    }
    if (value["type"].says("custom")) {
      out.tools.push_back(read_custom_tool(value, value, Dialect::openai_responses));
      continue;
    }
    Tool own;
    own.name = value["name"] ? value["name"].text() : value["type"].text();
    own.native = value.raw();
    own.native_dialect = Dialect::openai_responses;
    out.tools.push_back(std::move(own));
  }
  return {};
}

void read_tool_choice(Value body, Conversation& out) {
  const auto choice = body["tool_choice"];
  ToolChoice& read = out.tool_choice;
  const auto mode = choice["type"].says("allowed_tools") ? choice["mode"] : choice;
  if (mode.says("auto")) read.kind = ToolChoice::Kind::automatic;
  if (mode.says("none")) read.kind = ToolChoice::Kind::none;
  if (mode.says("required")) read.kind = ToolChoice::Kind::required;
  if (choice["type"].says("allowed_tools")) {
    // Only these may be called: the others are not shown at all.
    std::erase_if(out.tools, [&](const Tool& tool) {
      for (auto [_, allowed] : choice["tools"].elements()) {
        if (allowed["name"].says(tool.name) || (!allowed["name"] && allowed["type"].says(tool.name)))
          return false;
      }
      return true;
    });
  } else if ((choice["type"].says("function") || choice["type"].says("custom")) &&
             !choice["name"].text().empty()) {
    read.kind = ToolChoice::Kind::named;
    read.name = choice["name"].text();
  } else if (choice.is(Kind::object)) {
    out.unmodelled.push_back("tool_choice");
  }
  read.parallel = body["parallel_tool_calls"].boolean();
}

void read_text(Value text, Conversation& out) {
  const auto format = text["format"];
  const auto type = format["type"];
  if (type.says("text")) out.format.kind = OutputFormat::Kind::text;
  if (type.says("json_object")) out.format.kind = OutputFormat::Kind::json;
  if (type.says("json_schema")) {
    out.format.kind = OutputFormat::Kind::schema;
    out.format.name = format["name"].text();
    out.format.description = format["description"].text();
    out.format.schema = format["schema"].raw();
    out.format.strict = format["strict"].boolean();
  }
  if (const auto verbosity = text["verbosity"]; verbosity.is(Kind::string) && !verbosity.says("medium"))
    out.unmodelled.push_back("text.verbosity");
}

void read_thinking(Value reasoning, Thinking& out) {
  out.effort = reasoning["effort"].text();
  const auto summary = reasoning["summary"] ? reasoning["summary"] : reasoning["generate_summary"];
  if (summary.is(Kind::string)) out.shown = true;
}

// What is read above, or asks for nothing of the target.
constexpr std::array<std::string_view, 29> kRead = {"model",
                                                    "input",
                                                    "instructions",
                                                    "tools",
                                                    "tool_choice",
                                                    "parallel_tool_calls",
                                                    "text",
                                                    "reasoning",
                                                    "max_output_tokens",
                                                    "temperature",
                                                    "top_p",
                                                    "include",
                                                    "metadata",
                                                    "user",
                                                    "safety_identifier",
                                                    "store",
                                                    "previous_response_id",
                                                    "conversation",
                                                    "prompt_cache_key",
                                                    "prompt_cache_retention",
                                                    "service_tier",
                                                    "background",
                                                    "stream",
                                                    "stream_options",
                                                    "fallbacks",
                                                    "fallback_on",
                                                    "extra_fields",
                                                    "models",
                                                    "truncation"};

void read_unmodelled(Value body, Conversation& out) {
  size_t i = 0;
  for (auto [_, wanted] : body["include"].elements()) {
    if (!wanted.says("reasoning.encrypted_content")) out.unmodelled.push_back(at("include", i));
    ++i;
  }
  if (body["truncation"].says("auto")) out.unmodelled.push_back("truncation");
  if (body["background"].boolean().value_or(false)) out.unmodelled.push_back("background");
  for (auto [key, value] : body.members()) {
    const bool nothing = value.is_null() || value.boolean() == false ||
                         ((value.is(Kind::array) || value.is(Kind::object)) && value.size() == 0);
    const std::string name = key.text();
    if (!nothing && std::ranges::find(kRead, std::string_view(name)) == kRead.end())
      out.unmodelled.push_back(name);
  }
}

}  // namespace

const char* responses_state(Value body) {
  auto given = [&](std::string_view field) {
    const auto value = body[field];
    return value && !value.is_null() && !value.says("");
  };
  if (given("previous_response_id")) return "previous_response_id";
  if (given("conversation")) return "conversation";
  if (given("prompt")) return "prompt";  // a template that is kept there
  if (body["background"].boolean().value_or(false)) return "background";
  for (auto [_, item] : body["input"].elements()) {
    if (item["type"].says("item_reference")) return "item_reference";
  }
  return nullptr;
}

Result<Conversation> read_responses_request(Value body) {
  Conversation out;
  if (auto read = read_input(body, out); !read) return fail(std::move(read.error()));
  if (auto read = read_tools(body["tools"], out); !read) return fail(std::move(read.error()));
  read_tool_choice(body, out);
  read_text(body["text"], out);
  read_thinking(body["reasoning"], out.thinking);
  out.sampling.max_output = body["max_output_tokens"].integer();
  out.sampling.temperature = body["temperature"].number();
  out.sampling.top_p = body["top_p"].number();
  out.user = body["user"] ? body["user"].text() : body["safety_identifier"].text();
  for (auto [key, value] : body["metadata"].members()) out.metadata.emplace_back(key.text(), value.text());
  out.service_tier = body["service_tier"].text();
  out.cache_key = body["prompt_cache_key"].text();
  out.previous_response = body["previous_response_id"].text();
  if (const auto conversation = body["conversation"]; conversation && !conversation.is_null())
    out.provider_conversation = conversation.raw();
  out.store = body["store"].boolean().value_or(true);  // its default
  read_unmodelled(body, out);
  normalize(out);
  return out;
}

}  // namespace llmgw::dialects
