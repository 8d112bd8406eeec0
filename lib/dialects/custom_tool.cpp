#include "dialects/custom_tool.h"

#include <algorithm>
#include <map>

#include "base/json_writer.h"
#include "dialects/input_text.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

constexpr std::string_view kParameters =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false})";

bool among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Custom tools, and calls of them, are said in these two dialects alone.
bool has_custom(Dialect d) {
  return d == Dialect::openai_responses || d == Dialect::openai_chat;
}

// Whether a call of `name` is one of a function for the target.
bool called_as_function(const Conversation& c, std::string_view name, Dialect target) {
  if (!has_custom(target)) return true;
  const auto tool = std::ranges::find_if(c.tools, [&](const Tool& t) { return t.name == name; });
  return tool != c.tools.end() && !(tool->freeform && tool->native_dialect == target);
}

template <class Act>
void each_part(Conversation& c, Act act) {
  for (auto& message : c.messages) {
    for (auto& part : message.parts) act(part);
  }
}

// Turns the pieces of `{"input": "text"}` into pieces of the text.
class RestoringDecoder final : public EventDecoder {
 public:
  RestoringDecoder(std::vector<std::string> names, std::unique_ptr<EventDecoder> inner)
      : names_(std::move(names)), inner_(std::move(inner)) {}

  Result<void> decode(const net::SseEvent& event, std::vector<StreamEvent>& out) override {
    const size_t first = out.size();
    if (auto decoded = inner_->decode(event, out); !decoded) return decoded;
    for (size_t i = first; i < out.size(); ++i) restore(out, i);
    std::erase_if(
        out, [](const StreamEvent& e) { return e.kind == StreamEvent::Kind::arguments && e.text.empty(); });
    return {};
  }

 private:
  void restore(std::vector<StreamEvent>& out, size_t& i) {
    StreamEvent& event = out[i];
    const auto place = std::pair(event.choice, event.part);
    if (event.kind == StreamEvent::Kind::tool_call && among(names_, event.name)) {
      event.freeform = true;
      calls_.try_emplace(place);
    } else if (event.kind == StreamEvent::Kind::arguments) {
      if (const auto call = calls_.find(place); call != calls_.end())
        event.text = call->second.feed(event.text);
    } else if (event.kind == StreamEvent::Kind::part_end) {
      const auto call = calls_.find(place);
      if (call == calls_.end()) return;
      std::string rest = call->second.finish();
      calls_.erase(call);
      if (rest.empty()) return;
      out.insert(out.begin() + static_cast<std::ptrdiff_t>(i), {.kind = StreamEvent::Kind::arguments,
                                                                .choice = place.first,
                                                                .part = place.second,
                                                                .text = std::move(rest)});
      ++i;
    }
  }

  std::vector<std::string> names_;
  std::unique_ptr<EventDecoder> inner_;
  std::map<std::pair<int, int>, InputText> calls_;  // that go on, by choice and part
};

}  // namespace

Tool read_custom_tool(json::Value definition, json::Value whole, Dialect own) {
  Tool tool;
  tool.name = definition["name"].text();
  tool.description = definition["description"].text();
  tool.parameters = kParameters;
  tool.freeform = true;
  tool.native = whole.raw();
  tool.native_dialect = own;
  const auto format = definition["format"];
  const auto grammar = format["grammar"].is(json::Kind::object) ? format["grammar"] : format;
  if (const std::string text = grammar["definition"].text(); !text.empty()) {
    tool.grammar = true;
    tool.description += (tool.description.empty() ? "" : "\n\n") +
                        ("The input must follow this " + grammar["syntax"].text()) + " grammar:\n" + text;
  }
  return tool;
}

bool has_custom_tools(const Conversation& c, Dialect target) {
  if (std::ranges::any_of(c.tools, [&](const Tool& t) { return t.freeform && t.native_dialect != target; }))
    return true;
  return std::ranges::any_of(c.messages, [&](const Message& message) {
    return std::ranges::any_of(message.parts, [&](const Part& part) {
      const auto* call = part.get<ToolCall>();
      return call != nullptr && call->freeform && called_as_function(c, call->name, target);
    });
  });
}

Conversation custom_tools_as_functions(Conversation c, Dialect target, std::vector<std::string>& names,
                                       Warnings& warnings) {
  each_part(c, [&](Part& part) {
    if (auto* call = part.get<ToolCall>();
        call != nullptr && call->freeform && called_as_function(c, call->name, target)) {
      call->arguments = "{\"input\":" + json::quoted(call->arguments) + "}";
      call->freeform = false;
    } else if (auto* result = part.get<ToolResult>();
               result != nullptr && result->freeform && called_as_function(c, result->name, target)) {
      result->freeform = false;
    }
  });
  for (size_t i = 0; i < c.tools.size(); ++i) {
    Tool& tool = c.tools[i];
    if (!tool.freeform || tool.native_dialect == target) continue;
    names.push_back(tool.name);
    tool.native.clear();
    tool.freeform = false;
    if (tool.grammar) warn(warnings, warning::kChanged, at("tools", i) + ".format");
  }
  return c;
}

bool names_custom_tool(const Conversation& c) {
  return std::ranges::any_of(c.tools,
                             [&](const Tool& t) { return t.freeform && t.name == c.tool_choice.name; });
}

std::string custom_input(std::string_view arguments) {
  InputText text;
  std::string out = text.feed(arguments);
  return out + text.finish();
}

void restore_custom_calls(const std::vector<std::string>& names, std::vector<Part>& parts) {
  for (Part& part : parts) {
    auto* call = part.get<ToolCall>();
    if (call == nullptr || !among(names, call->name)) continue;
    call->freeform = true;
    call->arguments = custom_input(call->arguments);
  }
}

std::unique_ptr<EventDecoder> restoring_custom_calls(std::vector<std::string> names,
                                                     std::unique_ptr<EventDecoder> inner) {
  if (names.empty()) return inner;
  return std::make_unique<RestoringDecoder>(std::move(names), std::move(inner));
}

}  // namespace llmgw::dialects
