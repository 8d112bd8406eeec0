// Reads a generateContent request.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "dialects/gemini.h"
#include "dialects/gemini_part.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

bool says_nothing(Value value) {
  return !value || value.is_null() ||
         ((value.is(Kind::array) || value.is(Kind::object)) && value.size() == 0);
}

// Calls may come without ids: a result belongs to the oldest call of its name that has none yet.
class CallBook {
 public:
  void add(ToolCall& call, size_t content, size_t part) {
    if (call.id.empty()) call.id = made_up_call_id("history", content, part);
    open_.push_back({call.id, call.name});
  }
  void settle(ToolResult& result, size_t content, size_t part) {
    auto found = open_.end();
    if (!result.id.empty()) found = std::ranges::find(open_, result.id, &Open::id);
    if (found == open_.end() && result.id.empty()) found = std::ranges::find(open_, result.name, &Open::name);
    if (found == open_.end()) {
      if (result.id.empty()) result.id = made_up_call_id("result", content, part);
      return;
    }
    result.id = found->id;
    if (result.name.empty()) result.name = found->name;
    open_.erase(found);
  }

 private:
  struct Open {
    std::string id, name;
  };
  std::vector<Open> open_;
};

Result<void> read_parts(Value content, const std::string& path, size_t index, CallBook& calls,
                        std::vector<Part>& out) {
  const auto parts = content["parts"];
  if (!parts || parts.is_null()) return {};
  auto read = [&](Value value, const std::string& here, size_t i) -> Result<void> {
    if (!value.is(Kind::object)) return refused(here, "must be an object");
    auto part = read_gemini_part(value);
    if (!part) return {};
    if (auto* call = part->get<ToolCall>()) {
      if (call->name.empty()) return refused(here + ".functionCall.name", "must be a string");
      calls.add(*call, index, i);
    } else if (auto* result = part->get<ToolResult>()) {
      if (result->name.empty() && result->id.empty())
        return refused(here + ".functionResponse.name", "must be a string");
      calls.settle(*result, index, i);
    }
    append_gemini_part(std::move(*part), out);
    return {};
  };
  if (parts.is(Kind::object)) return read(parts, path + ".parts", 0);
  if (!parts.is(Kind::array)) return refused(path + ".parts", "must be an array");
  size_t i = 0;
  for (auto [_, value] : parts.elements()) {
    if (auto ok = read(value, at(path + ".parts", i), i); !ok) return ok;
    ++i;
  }
  return {};
}

Result<void> read_contents(Value body, Conversation& out) {
  CallBook calls;
  const auto system = gemini_field(body, "systemInstruction");
  if (system && !system.is_null()) {
    Message message{.role = Role::system, .parts = {}, .name = {}};
    if (system.is(Kind::string)) {
      message.parts.push_back({Text{.text = system.text(), .citations = {}}, {}});
    } else if (!system.is(Kind::object)) {
      return refused("systemInstruction", "must be a content, an object with parts");
    } else if (auto read = read_parts(system, "systemInstruction", 0, calls, message.parts); !read) {
      return read;
    }
    out.messages.push_back(std::move(message));
  }
  const auto contents = body["contents"];
  if (!contents.is(Kind::array)) return refused("contents", "must be an array");
  size_t i = 0;
  for (auto [_, content] : contents.elements()) {
    const std::string path = at("contents", i);
    if (!content.is(Kind::object)) return refused(path, "must be an object");
    const auto role = content["role"];
    Message message;
    if (role.says("model")) {
      message.role = Role::assistant;
    } else if (role && !role.is_null() && !role.says("user") && !role.says("function") && !role.says("")) {
      return refused(path + ".role", "must be user or model");
    }
    if (auto read = read_parts(content, path, i, calls, message.parts); !read) return read;
    out.messages.push_back(std::move(message));
    ++i;
  }
  return {};
}

RawJson schema_of(Value plain, Value json_schema) {
  if (json_schema.is(Kind::object)) return RawJson(json_schema.raw());
  return plain.is(Kind::object) ? json_schema_of_gemini(plain) : RawJson();
}

Result<void> read_tools(Value tools, Conversation& out) {
  if (auto ok = check_array(tools, "tools"); !ok) return ok;
  size_t i = 0;
  for (auto [_, value] : tools.elements()) {
    const std::string path = at("tools", i++);
    for (auto [key, member] : value.members()) {
      const std::string name = key.text();
      if (name != "functionDeclarations" && name != "function_declarations") {
        if (member.is_null()) continue;
        Tool own;
        own.name = name;
        own.native = "{" + std::string(key.raw()) + ":" + std::string(member.raw()) + "}";
        own.native_dialect = Dialect::gemini_generate;
        out.tools.push_back(std::move(own));
        continue;
      }
      if (auto ok = check_array(member, path + ".functionDeclarations"); !ok) return ok;
      size_t k = 0;
      for (auto [__, declaration] : member.elements()) {
        const std::string here = at(path + ".functionDeclarations", k++);
        Tool tool;
        tool.name = declaration["name"].text();
        if (tool.name.empty()) return refused(here + ".name", "must be a string");
        tool.description = declaration["description"].text();
        tool.parameters =
            schema_of(declaration["parameters"], gemini_field(declaration, "parametersJsonSchema"));
        out.tools.push_back(std::move(tool));
      }
    }
  }
  return {};
}

void read_tool_choice(Value config, Conversation& out) {
  const auto calling = gemini_field(config, "functionCallingConfig");
  const std::string mode = to_lower(calling["mode"].text());
  const auto allowed = gemini_field(calling, "allowedFunctionNames");
  ToolChoice& choice = out.tool_choice;
  if (mode == "auto" || mode == "validated") choice.kind = ToolChoice::Kind::automatic;
  if (mode == "none") choice.kind = ToolChoice::Kind::none;
  if (mode == "any") choice.kind = ToolChoice::Kind::required;
  if (mode == "any" && allowed.size() == 1) {
    choice.kind = ToolChoice::Kind::named;
    choice.name = allowed.at(0).text();
  } else if (allowed.size() > 0) {
    out.unmodelled.emplace_back("toolConfig.functionCallingConfig.allowedFunctionNames");
  }
  for (auto [key, value] : config.members()) {
    const std::string name = key.text();
    if (name != "functionCallingConfig" && name != "function_calling_config" && !says_nothing(value))
      out.unmodelled.push_back("toolConfig." + name);
  }
}

void read_thinking(Value config, Thinking& out) {
  const auto budget = gemini_field(config, "thinkingBudget").integer();
  if (budget == 0) {
    out.on = false;
  } else if (budget) {
    out.on = true;
    if (*budget > 0) out.budget = budget;  // -1: as much as the model sees fit
  }
  const std::string level = to_lower(gemini_field(config, "thinkingLevel").text());
  if (!level.empty() && level != "thinking_level_unspecified") out.effort = level;
  out.shown = gemini_field(config, "includeThoughts").boolean();
}

// What read_config reads, or asks for nothing of the target.
constexpr std::array<std::string_view, 14> kConfig = {
    "maxOutputTokens",  "temperature",        "topP",           "topK",
    "stopSequences",    "candidateCount",     "seed",           "presencePenalty",
    "frequencyPenalty", "responseMimeType",   "responseSchema", "responseJsonSchema",
    "thinkingConfig",   "_responseJsonSchema"};

void read_config(Value config, Conversation& out) {
  Sampling& s = out.sampling;
  s.max_output = gemini_field(config, "maxOutputTokens").integer();
  s.temperature = config["temperature"].number();
  s.top_p = gemini_field(config, "topP").number();
  if (const auto k = gemini_field(config, "topK").number())  // a float in types.GenerationConfig
    s.top_k = static_cast<int64_t>(std::clamp(*k, 0.0, 1e9));
  s.seed = config["seed"].integer();
  s.presence_penalty = gemini_field(config, "presencePenalty").number();
  s.frequency_penalty = gemini_field(config, "frequencyPenalty").number();
  s.choices = gemini_field(config, "candidateCount").integer();
  for (auto [_, text] : gemini_field(config, "stopSequences").elements()) s.stop.push_back(text.text());
  read_thinking(gemini_field(config, "thinkingConfig"), out.thinking);

  auto json_schema = gemini_field(config, "responseJsonSchema");
  if (!json_schema) json_schema = config["_responseJsonSchema"];
  out.format.schema = schema_of(gemini_field(config, "responseSchema"), json_schema);
  const auto mime = gemini_field(config, "responseMimeType");
  if (!out.format.schema.empty()) {
    out.format.kind = OutputFormat::Kind::schema;
  } else if (mime.says("application/json")) {
    out.format.kind = OutputFormat::Kind::json;
  } else if (mime.says("text/plain")) {
    out.format.kind = OutputFormat::Kind::text;
  } else if (mime.is(Kind::string)) {
    out.unmodelled.emplace_back("generationConfig.responseMimeType");
  }
  for (auto [key, value] : config.members()) {
    const std::string name = key.text();
    const bool known = std::ranges::any_of(kConfig, [&](std::string_view k) {
      return name == k || gemini_field(config, k).raw().data() == value.raw().data();
    });
    if (known || says_nothing(value) || value.boolean() == false) continue;
    const bool words = (name == "responseModalities" || name == "response_modalities") && value.size() == 1 &&
                       iequals(value.at(0).text(), "text");
    if (!words) out.unmodelled.push_back("generationConfig." + name);
  }
}

constexpr std::array<std::string_view, 12> kRead = {
    "contents",   "systemInstruction", "system_instruction", "tools",
    "toolConfig", "tool_config",       "generationConfig",   "generation_config",
    "model",      "fallbacks",         "fallback_on",        "extra_fields"};

}  // namespace

Result<Conversation> read_gemini_request(Value body) {
  Conversation out;
  if (auto read = read_contents(body, out); !read) return fail(std::move(read.error()));
  if (auto read = read_tools(body["tools"], out); !read) return fail(std::move(read.error()));
  read_tool_choice(gemini_field(body, "toolConfig"), out);
  const auto config = gemini_field(body, "generationConfig");
  if (config && !config.is_null() && !config.is(Kind::object))
    return refused("generationConfig", "must be an object");
  read_config(config, out);
  for (auto [key, value] : body.members()) {
    const std::string name = key.text();
    if (!says_nothing(value) && std::ranges::find(kRead, std::string_view(name)) == kRead.end())
      out.unmodelled.push_back(name);
  }
  normalize(out);
  return out;
}

}  // namespace llmgw::dialects
