// Reads a request of Cohere's Chat.
#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "dialects/cohere.h"
#include "dialects/media.h"
#include "dialects/openai_chat_request.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

void add_text(std::string text, std::vector<Part>& out) {
  out.push_back({Text{.text = std::move(text), .citations = {}}, {}});
}

// A document is text to everybody else: its words alone where it has nothing but them.
std::string words_of(Value document) {
  const auto data = document["data"].is(Kind::object) ? document["data"] : document;
  if (data.size() == 1 && data["text"].is(Kind::string)) return data["text"].text();
  return std::string(data.raw());
}

Result<void> read_block(Value block, const std::string& path, std::vector<Part>& out) {
  const auto type = block["type"];
  if (type.says("text")) {
    if (!block["text"].is(Kind::string)) return refused(path + ".text", "must be a string");
    add_text(block["text"].text(), out);
  } else if (type.says("image_url")) {
    const auto image = block["image_url"];
    const auto url = image.is(Kind::string) ? image : image["url"];
    if (!url.is(Kind::string)) return refused(path + ".image_url.url", "must be a string");
    Image value{media_of_url(url.text())};
    value.media.detail = image["detail"].text();
    out.push_back({std::move(value), {}});
  } else if (type.says("document")) {
    add_text(words_of(block["document"]), out);
  } else if (block.is(Kind::object)) {
    out.push_back({Foreign{Dialect::cohere_chat, type.text(), std::string(block.raw())}, {}});
  } else {
    return refused(path, "must be a content block, an object");
  }
  return {};
}

Result<void> read_content(Value content, const std::string& path, std::vector<Part>& out) {
  if (!content || content.is_null()) return {};
  if (content.is(Kind::string)) {
    if (!content.says("")) add_text(content.text(), out);
    return {};
  }
  if (!content.is(Kind::array)) return refused(path, "must be a string or an array of content blocks");
  size_t i = 0;
  for (auto [_, block] : content.elements()) {
    if (auto read = read_block(block, at(path, i++), out); !read) return read;
  }
  return {};
}

Result<Message> read_message(Value value, const std::string& path) {
  if (!value.is(Kind::object)) return refused(path, "must be an object");
  const std::string role = value["role"].text();
  Message message;
  Result<void> read;
  if (role == "assistant") {
    message.role = Role::assistant;
    read = read_cohere_assistant(value, path, path, message.parts);
  } else if (role == "tool") {
    ToolResult result{.id = value["tool_call_id"].text(), .name = {}, .content = {}};
    if (result.id.empty()) return refused(path + ".tool_call_id", "is missing");
    read = read_content(value["content"], path + ".content", result.content);
    message.parts.push_back({std::move(result), {}});
  } else if (role == "system" || role == "developer" || role == "user") {
    if (role != "user") message.role = Role::system;
    read = read_content(value["content"], path + ".content", message.parts);
  } else {
    return refused(path + ".role", "must be system, user, assistant or tool, not '" + role + "'");
  }
  if (!read) return fail(std::move(read.error()));
  return message;
}

// What the model is to answer from, before the question that it is for.
Result<void> read_documents(Value documents, Conversation& out) {
  if (auto ok = check_array(documents, "documents"); !ok) return ok;
  std::vector<Part> parts;
  size_t i = 0;
  for (auto [_, document] : documents.elements()) {
    std::string id = document["id"].text();
    if (id.empty()) id = "doc:" + std::to_string(i);
    const std::string words = document.is(Kind::string) ? document.text() : words_of(document);
    add_text("<document id=" + json::quoted(id) + ">\n" + words + "\n</document>", parts);
    ++i;
  }
  if (parts.empty()) return {};
  const auto asks = [](const Message& m) {
    return m.role == Role::user &&
           std::ranges::none_of(m.parts, [](const Part& p) { return p.get<ToolResult>() != nullptr; });
  };
  const auto last = std::ranges::find_if(out.messages.rbegin(), out.messages.rend(), asks);
  if (last == out.messages.rend()) {
    out.messages.push_back({Role::user, std::move(parts), {}});
  } else {
    last->parts.insert(last->parts.begin(), parts.begin(), parts.end());
  }
  return {};
}

Result<void> read_tools(Value body, Conversation& out) {
  if (auto ok = check_array(body["tools"], "tools"); !ok) return ok;
  const auto strict = body["strict_tools"].boolean();
  size_t i = 0;
  for (auto [_, value] : body["tools"].elements()) {
    auto tool = read_openai_function(value["function"], at("tools", i++) + ".function");
    if (!tool) return fail(std::move(tool.error()));
    tool->strict = strict;
    out.tools.push_back(std::move(*tool));
  }
  if (body["tool_choice"].says("REQUIRED")) out.tool_choice.kind = ToolChoice::Kind::required;
  if (body["tool_choice"].says("NONE")) out.tool_choice.kind = ToolChoice::Kind::none;
  return {};
}

void read_settings(Value body, Conversation& out) {
  Sampling& s = out.sampling;
  s.max_output = body["max_tokens"].integer();
  s.temperature = body["temperature"].number();
  s.top_p = body["p"].number();
  s.top_k = body["k"].integer();
  if (s.top_k == 0) s.top_k.reset();  // that is: off
  s.frequency_penalty = body["frequency_penalty"].number();
  s.presence_penalty = body["presence_penalty"].number();
  s.seed = body["seed"].integer();
  for (auto [_, text] : body["stop_sequences"].elements()) s.stop.push_back(text.text());

  const auto format = body["response_format"];
  if (format["type"].says("text")) out.format.kind = OutputFormat::Kind::text;
  if (format["type"].says("json_object")) {
    const auto schema = format["json_schema"] ? format["json_schema"] : format["schema"];
    out.format.kind = schema.is(Kind::object) ? OutputFormat::Kind::schema : OutputFormat::Kind::json;
    if (schema.is(Kind::object)) {
      out.format.schema = schema.raw();
      out.format.strict = true;  // Cohere enforces it
    }
  }
  const auto thinking = body["thinking"];
  if (thinking["type"].says("enabled")) out.thinking.on = true;
  if (thinking["type"].says("disabled")) out.thinking.on = false;
  out.thinking.budget = thinking["token_budget"].integer();
}

// What is read above, or asks for nothing of the answer.
constexpr std::array<std::string_view, 21> kRead = {"model",
                                                    "messages",
                                                    "stream",
                                                    "tools",
                                                    "strict_tools",
                                                    "tool_choice",
                                                    "documents",
                                                    "max_tokens",
                                                    "stop_sequences",
                                                    "response_format",
                                                    "temperature",
                                                    "seed",
                                                    "p",
                                                    "k",
                                                    "frequency_penalty",
                                                    "thinking",
                                                    "presence_penalty",
                                                    "fallbacks",
                                                    "fallback_on",
                                                    "extra_fields",
                                                    "models"};

bool says_nothing(std::string_view field, Value value) {
  if (value.is_null() || value.boolean() == false) return true;
  if (field == "safety_mode") return value.says("CONTEXTUAL");
  if (field == "priority") return value.integer() == 0;
  if (field == "citation_options") return value["mode"].says("OFF") || value["mode"].says("DISABLED");
  return (value.is(Kind::array) || value.is(Kind::object)) && value.size() == 0;
}

}  // namespace

Result<Conversation> read_cohere_request(Value body) {
  Conversation out;
  const auto messages = body["messages"];
  if (!messages.is(Kind::array)) return refused("messages", "must be an array");
  size_t i = 0;
  for (auto [_, value] : messages.elements()) {
    auto message = read_message(value, at("messages", i++));
    if (!message) return fail(std::move(message.error()));
    out.messages.push_back(std::move(*message));
  }
  if (auto read = read_documents(body["documents"], out); !read) return fail(std::move(read.error()));
  if (auto read = read_tools(body, out); !read) return fail(std::move(read.error()));
  read_settings(body, out);
  for (auto [key, value] : body.members()) {
    const std::string name = key.text();
    const bool known = std::ranges::find(kRead, std::string_view(name)) != kRead.end();
    if (!known && !says_nothing(name, value)) out.unmodelled.push_back(name);
  }
  normalize(out);
  return out;
}

}  // namespace llmgw::dialects
