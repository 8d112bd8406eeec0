// Reads a Messages request.
#include <algorithm>
#include <array>

#include "dialects/anthropic.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

std::optional<CacheMark> read_cache_mark(Value block) {
  const auto control = block["cache_control"];
  if (!control.is(Kind::object)) return std::nullopt;
  return CacheMark{control["ttl"].text()};
}

Media read_source(Value source) {
  Media media;
  const auto type = source["type"];
  if (type.says("base64")) {
    media.mime = source["media_type"].text();
    media.data = standard_base64(source["data"].text());
  } else if (type.says("url")) {
    media.url = source["url"].text();
  } else if (type.says("file")) {
    media.file_id = source["file_id"].text();
  } else if (type.says("text")) {
    media.mime = "text/plain";
    media.data = source["data"].text();  // plain: the caller makes text of it
  }
  return media;
}

Result<void> read_blocks(Value content, const std::string& path, std::vector<Part>& out);

Result<Part> read_block(Value block, const std::string& path) {
  if (!block.is(Kind::object)) return refused(path, "must be a content block, an object");
  if (!block["type"].is(Kind::string)) return refused(path + ".type", "must be a string");
  Part out;
  out.cache = read_cache_mark(block);
  const std::string type = block["type"].text();
  if (type == "text") {
    if (!block["text"].is(Kind::string)) return refused(path + ".text", "must be a string");
    Text text{.text = block["text"].text(), .citations = {}};
    for (auto [_, c] : block["citations"].elements()) {
      text.citations.push_back({.url = c["url"].text(),
                                .title = c["title"] ? c["title"].text() : c["document_title"].text(),
                                .quote = c["cited_text"].text(),
                                .begin = {},
                                .end = {}});
    }
    out.what = std::move(text);
  } else if (type == "image") {
    out.what = Image{read_source(block["source"])};
  } else if (type == "document") {
    const auto source = block["source"];
    Media media = read_source(source);
    media.name = block["title"].text();
    if (source["type"].says("text")) {  // a text document is text to everybody else
      out.what = Text{.text = std::move(media.data), .citations = {}};
    } else if (source["type"].says("content")) {
      std::vector<Part> inner;
      if (auto read = read_blocks(source["content"], path + ".source.content", inner); !read)
        return fail(std::move(read.error()));
      out.what = Text{.text = joined_text(inner), .citations = {}};
    } else {
      out.what = File{std::move(media)};
    }
  } else if (type == "tool_use") {
    if (!block["id"].is(Kind::string)) return refused(path + ".id", "must be a string");
    if (!block["name"].is(Kind::string)) return refused(path + ".name", "must be a string");
    const auto input = block["input"];
    out.what = ToolCall{.id = block["id"].text(),
                        .name = block["name"].text(),
                        .arguments = input.is(Kind::object) ? std::string(input.raw()) : "{}"};
  } else if (type == "tool_result") {
    ToolResult result{.id = block["tool_use_id"].text(), .name = {}, .content = {}};
    if (result.id.empty()) return refused(path + ".tool_use_id", "is missing");
    result.error = block["is_error"].boolean().value_or(false);
    if (auto read = read_blocks(block["content"], path + ".content", result.content); !read)
      return fail(std::move(read.error()));
    out.what = std::move(result);
  } else if (type == "thinking") {
    out.what = Reasoning{.text = block["thinking"].text(),
                         .seal = seal_in(Issuer::anthropic, block["signature"].text())};
  } else if (type == "redacted_thinking") {
    out.what =
        Reasoning{.text = {}, .seal = seal_in(Issuer::anthropic, block["data"].text()), .redacted = true};
  } else {
    out.what = Foreign{Dialect::anthropic_messages, type, std::string(block.raw())};
  }
  return out;
}

Result<void> read_blocks(Value content, const std::string& path, std::vector<Part>& out) {
  if (!content || content.is_null()) return {};
  if (content.is(Kind::string)) {
    if (!content.says("")) out.push_back({Text{.text = content.text(), .citations = {}}, {}});
    return {};
  }
  if (!content.is(Kind::array)) return refused(path, "must be a string or an array of content blocks");
  size_t i = 0;
  for (auto [_, element] : content.elements()) {
    auto block = read_block(element, at(path, i++));
    if (!block) return fail(std::move(block.error()));
    out.push_back(std::move(*block));
  }
  return {};
}

Result<void> read_tools(Value tools, Conversation& out) {
  if (auto ok = check_array(tools, "tools"); !ok) return ok;
  size_t i = 0;
  for (auto [_, value] : tools.elements()) {
    const std::string path = at("tools", i++);
    Tool tool;
    tool.name = value["name"].text();
    tool.cache = read_cache_mark(value);
    const auto type = value["type"];
    if (type.is(Kind::string) && !type.says("custom")) {
      tool.native = value.raw();
      tool.native_dialect = Dialect::anthropic_messages;
    } else {
      if (tool.name.empty()) return refused(path + ".name", "must be a string");
      tool.description = value["description"].text();
      if (value["input_schema"].is(Kind::object)) tool.parameters = value["input_schema"].raw();
      tool.strict = value["strict"].boolean();
    }
    out.tools.push_back(std::move(tool));
  }
  return {};
}

void read_tool_choice(Value choice, ToolChoice& out) {
  const auto type = choice["type"];
  if (type.says("auto")) out.kind = ToolChoice::Kind::automatic;
  if (type.says("any")) out.kind = ToolChoice::Kind::required;
  if (type.says("none")) out.kind = ToolChoice::Kind::none;
  if (type.says("tool")) {
    out.kind = ToolChoice::Kind::named;
    out.name = choice["name"].text();
  }
  if (const auto one = choice["disable_parallel_tool_use"].boolean()) out.parallel = !*one;
}

void read_thinking(Value body, Thinking& out) {
  const auto thinking = body["thinking"];
  const auto type = thinking["type"];
  if (type.says("enabled") || type.says("adaptive")) out.on = true;
  if (type.says("disabled")) out.on = false;
  out.budget = thinking["budget_tokens"].integer();
  if (const auto display = thinking["display"]; display.is(Kind::string))
    out.shown = !display.says("omitted");
  out.effort = body["output_config"]["effort"].text();
}

void read_format(Value body, OutputFormat& out) {
  auto format = body["output_config"]["format"];
  if (!format) format = body["output_format"];  // its name in the beta
  if (!format["type"].says("json_schema")) return;
  out.kind = OutputFormat::Kind::schema;
  out.schema = format["schema"].raw();
  out.strict = true;
}

constexpr std::array<std::string_view, 20> kRead = {
    "model",          "messages",      "system",    "max_tokens",    "stream",
    "stop_sequences", "temperature",   "top_p",     "top_k",         "tools",
    "tool_choice",    "thinking",      "metadata",  "output_config", "output_format",
    "service_tier",   "cache_control", "fallbacks", "fallback_on",   "extra_fields"};

}  // namespace

Result<Conversation> read_anthropic_request(Value body) {
  Conversation out;
  Message system{Role::system, {}, {}};
  if (auto read = read_blocks(body["system"], "system", system.parts); !read)
    return fail(std::move(read.error()));
  if (!system.parts.empty()) out.messages.push_back(std::move(system));

  const auto messages = body["messages"];
  if (!messages.is(Kind::array)) return refused("messages", "must be an array");
  size_t i = 0;
  for (auto [_, value] : messages.elements()) {
    const std::string path = at("messages", i++);
    const auto role = value["role"];
    Message message;
    if (role.says("assistant")) {
      message.role = Role::assistant;
    } else if (role.says("system")) {
      message.role = Role::system;
    } else if (!role.says("user")) {
      return refused(path + ".role", "must be user or assistant");
    }
    if (auto read = read_blocks(value["content"], path + ".content", message.parts); !read)
      return fail(std::move(read.error()));
    out.messages.push_back(std::move(message));
  }
  if (auto read = read_tools(body["tools"], out); !read) return fail(std::move(read.error()));
  read_tool_choice(body["tool_choice"], out.tool_choice);
  read_thinking(body, out.thinking);
  read_format(body, out.format);
  out.sampling.max_output = body["max_tokens"].integer();
  out.sampling.temperature = body["temperature"].number();
  out.sampling.top_p = body["top_p"].number();
  out.sampling.top_k = body["top_k"].integer();
  for (auto [_, text] : body["stop_sequences"].elements()) out.sampling.stop.push_back(text.text());
  out.user = body["metadata"]["user_id"].text();
  if (const auto mark = read_cache_mark(body);
      mark && !out.messages.empty() && !out.messages.back().parts.empty())
    out.messages.back().parts.back().cache = mark;
  for (auto [key, value] : body.members()) {
    const std::string name = key.text();
    const bool empty =
        value.is_null() || ((value.is(Kind::array) || value.is(Kind::object)) && value.size() == 0);
    if (!empty && std::ranges::find(kRead, std::string_view(name)) == kRead.end())
      out.unmodelled.push_back(name);
  }
  normalize(out);
  return out;
}

}  // namespace llmgw::dialects
