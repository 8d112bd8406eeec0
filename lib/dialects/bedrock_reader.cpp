// Reads a Converse request.
#include <algorithm>
#include <array>

#include "dialects/bedrock.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

Media read_source(Value block, std::string_view kind) {
  Media media;
  media.mime = bedrock_mime(kind, block["format"].text());
  media.name = block["name"].text();
  media.data = standard_base64(block["source"]["bytes"].text());
  media.url = block["source"]["s3Location"]["uri"].text();
  return media;
}

// A document of text is text to everybody else.
Result<Part> read_document(Value document, const std::string& path) {
  const auto source = document["source"];
  if (source["text"]) return Part{Text{.text = source["text"].text(), .citations = {}}, {}};
  if (source["content"]) {
    std::string text;
    for (auto [_, piece] : source["content"].elements()) text += piece["text"].text();
    return Part{Text{.text = std::move(text), .citations = {}}, {}};
  }
  File file{read_source(document, "document")};
  if (file.media.data.empty() && file.media.url.empty())
    return refused(path + ".document.source", "needs bytes, s3Location, text or content");
  return Part{std::move(file), {}};
}

Result<Part> read_result(Value block, const std::string& path) {
  ToolResult result{.id = block["toolUseId"].text(), .name = {}, .content = {}};
  if (result.id.empty()) return refused(path + ".toolResult.toolUseId", "is missing");
  result.error = block["status"].says("error");
  const std::string inner = path + ".toolResult.content";
  if (auto ok = check_array(block["content"], inner); !ok) return fail(std::move(ok.error()));
  size_t i = 0;
  for (auto [_, value] : block["content"].elements()) {
    const std::string here = at(inner, i++);
    if (const auto json = value["json"]) {  // text to everybody else
      result.content.push_back({Text{.text = std::string(json.raw()), .citations = {}}, {}});
    } else if (auto read = read_bedrock_block(value, here, result.content); !read) {
      return fail(std::move(read.error()));
    }
  }
  return Part{std::move(result), {}};
}

Text read_cited(Value block) {
  Text text;
  for (auto [_, piece] : block["content"].elements()) text.text += piece["text"].text();
  for (auto [_, c] : block["citations"].elements()) text.citations.push_back(read_bedrock_citation(c));
  return text;
}

Result<void> read_blocks(Value content, const std::string& path, std::vector<Part>& out) {
  if (auto ok = check_array(content, path); !ok) return ok;
  size_t i = 0;
  for (auto [_, block] : content.elements()) {
    if (auto read = read_bedrock_block(block, at(path, i++), out); !read) return read;
  }
  return {};
}

Result<void> read_tools(Value config, Conversation& out) {
  const std::string list = "toolConfig.tools";
  if (auto ok = check_array(config["tools"], list); !ok) return ok;
  size_t i = 0;
  for (auto [_, value] : config["tools"].elements()) {
    const std::string path = at(list, i++);
    if (const auto mark = value["cachePoint"]) {
      if (!out.tools.empty()) out.tools.back().cache = CacheMark{mark["ttl"].text()};
      continue;
    }
    Tool tool;
    const auto spec = value["toolSpec"];
    if (!spec) {
      tool.name = value["systemTool"]["name"].text();
      tool.native = value.raw();
      tool.native_dialect = Dialect::bedrock_converse;
    } else {
      tool.name = spec["name"].text();
      if (tool.name.empty()) return refused(path + ".toolSpec.name", "must be a string");
      tool.description = spec["description"].text();
      if (const auto schema = spec["inputSchema"]["json"]; schema.is(Kind::object))
        tool.parameters = schema.raw();
      tool.strict = spec["strict"].boolean();
    }
    out.tools.push_back(std::move(tool));
  }
  const auto choice = config["toolChoice"];
  if (choice["auto"]) out.tool_choice.kind = ToolChoice::Kind::automatic;
  if (choice["any"]) out.tool_choice.kind = ToolChoice::Kind::required;
  if (const auto tool = choice["tool"]) {
    out.tool_choice.kind = ToolChoice::Kind::named;
    out.tool_choice.name = tool["name"].text();
  }
  return {};
}

// What the model itself takes beyond Converse: Claude's thinking and tool choice, Nova's and others' top_k.
void read_model_fields(Value fields, Conversation& out) {
  for (auto [key, value] : fields.members()) {
    const std::string name = key.text();
    if (name == "thinking") {
      const auto type = value["type"];
      if (type.says("enabled") || type.says("adaptive")) out.thinking.on = true;
      if (type.says("disabled")) out.thinking.on = false;
      out.thinking.budget = value["budget_tokens"].integer();
      if (const auto display = value["display"]; display.is(Kind::string))
        out.thinking.shown = !display.says("omitted");
    } else if (name == "output_config" && value["effort"].is(Kind::string)) {
      out.thinking.effort = value["effort"].text();
    } else if (name == "reasoning_effort" && value.is(Kind::string)) {
      out.thinking.effort = value.text();
    } else if (name == "top_k" && value.integer()) {
      out.sampling.top_k = value.integer();
    } else if (name == "inferenceConfig" && value["topK"].integer()) {
      out.sampling.top_k = value["topK"].integer();
    } else if (name == "tool_choice" && value["disable_parallel_tool_use"].boolean()) {
      out.tool_choice.parallel = !*value["disable_parallel_tool_use"].boolean();
    } else if (name != "fallbacks" && name != "fallback_on" && name != "extra_fields" && name != "models") {
      out.unmodelled.push_back("additionalModelRequestFields." + name);
    }
  }
}

void read_output_config(Value config, Conversation& out) {
  const auto schema = config["textFormat"]["structure"]["jsonSchema"];
  if (schema) {
    out.format.kind = OutputFormat::Kind::schema;
    out.format.schema = schema["schema"].text();
    out.format.strict = true;  // Bedrock enforces it
    out.format.name = schema["name"].text();
    out.format.description = schema["description"].text();
  }
  if (const auto effort = config["effort"].string()) out.thinking.effort = *effort;
}

// Members that stand for something in a Conversation, or ask for nothing of the answer.
constexpr std::array<std::string_view, 14> kRead = {
    "messages",        "system",       "inferenceConfig",
    "toolConfig",      "outputConfig", "additionalModelRequestFields",
    "requestMetadata", "serviceTier",  "fallbacks",
    "fallback_on",     "extra_fields", "models",
    "model",           "stream"};

}  // namespace

Result<void> read_bedrock_block(Value block, const std::string& path, std::vector<Part>& out) {
  if (!block.is(Kind::object)) return refused(path, "must be a content block, an object");
  auto add = [&](auto what) { out.push_back({std::move(what), {}}); };
  if (const auto text = block["text"]) {
    if (!text.is(Kind::string)) return refused(path + ".text", "must be a string");
    add(Text{.text = text.text(), .citations = {}});
  } else if (const auto image = block["image"]) {
    Image read{read_source(image, "image")};
    if (read.media.data.empty() && read.media.url.empty())
      return refused(path + ".image.source", "needs bytes or an s3Location");
    add(std::move(read));
  } else if (const auto audio = block["audio"]) {
    add(Audio{read_source(audio, "audio")});
  } else if (const auto document = block["document"]) {
    auto read = read_document(document, path);
    if (!read) return fail(std::move(read.error()));
    out.push_back(std::move(*read));
  } else if (const auto call = block["toolUse"]; call && !call["type"]) {
    if (!call["toolUseId"].is(Kind::string)) return refused(path + ".toolUse.toolUseId", "must be a string");
    if (!call["name"].is(Kind::string)) return refused(path + ".toolUse.name", "must be a string");
    const auto input = call["input"];
    add(ToolCall{.id = call["toolUseId"].text(),
                 .name = call["name"].text(),
                 .arguments = input.is(Kind::object) ? std::string(input.raw()) : "{}"});
  } else if (const auto result = block["toolResult"]; result && !result["type"]) {
    auto read = read_result(result, path);
    if (!read) return fail(std::move(read.error()));
    out.push_back(std::move(*read));
  } else if (const auto thought = block["reasoningContent"]) {
    if (const auto redacted = thought["redactedContent"]) {
      add(Reasoning{.text = {}, .seal = seal_in(Issuer::anthropic, redacted.text()), .redacted = true});
    } else {
      const auto text_block = thought["reasoningText"];
      add(Reasoning{.text = text_block["text"].text(),
                    .seal = seal_in(Issuer::anthropic, text_block["signature"].text())});
    }
  } else if (const auto mark = block["cachePoint"]) {
    if (!out.empty()) out.back().cache = CacheMark{mark["ttl"].text()};
  } else if (const auto cited = block["citationsContent"]) {
    add(read_cited(cited));
  } else if (block.size() > 0) {
    add(Foreign{Dialect::bedrock_converse, (*block.members().begin()).key.text(), std::string(block.raw())});
  } else {
    return refused(path, "must be a content block with one member");
  }
  return {};
}

Result<Conversation> read_bedrock_request(Value body) {
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
    if (!value["content"].is(Kind::array))
      return refused(path + ".content", "must be an array of content blocks");
    if (auto read = read_blocks(value["content"], path + ".content", message.parts); !read)
      return fail(std::move(read.error()));
    out.messages.push_back(std::move(message));
  }

  const auto inference = body["inferenceConfig"];
  out.sampling.max_output = inference["maxTokens"].integer();
  out.sampling.temperature = inference["temperature"].number();
  out.sampling.top_p = inference["topP"].number();
  for (auto [_, text] : inference["stopSequences"].elements()) out.sampling.stop.push_back(text.text());
  if (auto read = read_tools(body["toolConfig"], out); !read) return fail(std::move(read.error()));
  read_model_fields(body["additionalModelRequestFields"], out);
  read_output_config(body["outputConfig"], out);
  for (auto [key, value] : body["requestMetadata"].members()) {
    if (key.says("user_id")) {
      out.user = value.text();
    } else {
      out.metadata.emplace_back(key.text(), value.text());
    }
  }
  out.service_tier = body["serviceTier"]["type"].text();
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
