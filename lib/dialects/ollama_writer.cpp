// Writes a request of Ollama's chat. A message has one text there: several are messages in a row, which its
// templates put together again (template/template.go, collate).
#include <algorithm>

#include "base/json_writer.h"
#include "dialects/ollama.h"
#include "dialects/reading.h"
#include "dialects/turns.h"

namespace llmgw::dialects {
namespace {

class OllamaWriter {
 public:
  OllamaWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c), target_(w), warnings_(warnings), writer_(out) {}

  void write() {
    writer_.begin_object().member("model", target_.model);
    writer_.key("messages").begin_array();
    for (size_t i = 0; i < c_.messages.size(); ++i) write_message(c_.messages[i], i);
    writer_.end_array();
    write_tools();
    if (c_.format.kind == OutputFormat::Kind::json) writer_.member("format", "json");
    if (c_.format.kind == OutputFormat::Kind::schema) {
      writer_.key("format");
      writer_.raw(c_.format.schema.empty() ? "\"json\"" : c_.format.schema);
    }
    write_thinking();
    write_options();
    writer_.member("stream", target_.stream).end_object();
  }

 private:
  void drop(std::string field) { warn(warnings_, warning::kDropped, std::move(field)); }

  // A message that is being put together. `text` is its last part but for its images and calls.
  struct Line {
    std::string thinking;
    const std::string* text = nullptr;
    std::vector<const std::string*> images;
    std::vector<const ToolCall*> calls;
    bool empty() const { return thinking.empty() && text == nullptr && images.empty() && calls.empty(); }
  };

  void flush(std::string_view role, Line& line) {
    if (line.empty()) return;
    writer_.begin_object().member("role", role);
    writer_.member("content", line.text != nullptr ? std::string_view(*line.text) : std::string_view());
    if (!line.thinking.empty()) writer_.member("thinking", line.thinking);
    if (!line.images.empty()) {
      writer_.key("images").begin_array();
      for (const auto* image : line.images) writer_.string(*image);
      writer_.end_array();
    }
    if (!line.calls.empty()) {
      writer_.key("tool_calls").begin_array();
      for (const auto* call : line.calls) write_ollama_call(writer_, *call);
      writer_.end_array();
    }
    writer_.end_object();
    line = {};
  }

  void write_message(const Message& message, size_t index) {
    const std::string_view role = message.role == Role::system      ? "system"
                                  : message.role == Role::assistant ? "assistant"
                                                                    : "user";
    for (const Part& part : message.parts) {
      if (const auto* result = part.get<ToolResult>()) write_result(*result, index);
    }
    Line line;
    for (size_t i = 0; i < message.parts.size(); ++i) {
      const Part& part = message.parts[i];
      const auto* image = part.get<Image>();
      const auto* refusal = part.get<Refusal>();
      if (const auto* text = part.get<Text>(); text != nullptr || refusal != nullptr) {
        if (line.text != nullptr || !line.images.empty() || !line.calls.empty()) flush(role, line);
        line.text = text != nullptr ? &text->text : &refusal->text;
      } else if (const auto* call = part.get<ToolCall>()) {
        line.calls.push_back(call);
      } else if (image != nullptr && !image->media.data.empty()) {
        if (!line.calls.empty()) flush(role, line);
        line.images.push_back(&image->media.data);
      } else if (const auto* reasoning = part.get<Reasoning>()) {
        // Sealed thoughts are another vendor's.
        if (reasoning->seal || reasoning->redacted || !target_.thinks.value_or(false)) continue;
        if (!line.empty()) flush(role, line);
        line.thinking = reasoning->text;
      } else if (part.get<ToolResult>() == nullptr) {
        drop(Place{index, i}.path());
      }
    }
    flush(role, line);
  }

  void write_result(const ToolResult& result, size_t index) {
    std::string text;
    std::vector<const std::string*> images;
    for (const Part& part : result.content) {
      const auto* image = part.get<Image>();
      if (const auto* piece = part.get<Text>()) {
        text += (text.empty() ? "" : "\n") + piece->text;
      } else if (image != nullptr && !image->media.data.empty()) {
        images.push_back(&image->media.data);
        warn(warnings_, warning::kChanged, at("messages", index) + ".tool_result");
      } else {
        drop(at("messages", index) + ".tool_result");
      }
    }
    if (result.error && text.empty()) text = "error";
    writer_.begin_object().member("role", "tool").member("content", text);
    if (!result.name.empty()) writer_.member("tool_name", result.name);
    writer_.member("tool_call_id", result.id).end_object();
    Line line;
    line.images = images;
    flush("user", line);
  }

  // There is no choice: without tools none is called, and a named one is offered alone.
  void write_tools() {
    const ToolChoice& choice = c_.tool_choice;
    bool any = false;
    for (size_t i = 0; i < c_.tools.size(); ++i) {
      const Tool& tool = c_.tools[i];
      if (choice.kind == ToolChoice::Kind::none) break;
      if (choice.kind == ToolChoice::Kind::named && tool.name != choice.name) continue;
      if (!tool.native.empty()) {
        drop(at("tools", i));
        continue;
      }
      if (!any) writer_.key("tools").begin_array();
      any = true;
      if (tool.strict.value_or(false)) drop(at("tools", i) + ".strict");
      writer_.begin_object().member("type", "function").key("function").begin_object();
      writer_.member("name", tool.name).member("description", tool.description);
      writer_.key("parameters")
          .raw(tool.parameters.empty() ? R"({"type":"object","properties":{}})" : tool.parameters);
      writer_.end_object().end_object();
    }
    if (!any) return;
    writer_.end_array();
    if (choice.kind == ToolChoice::Kind::required || choice.kind == ToolChoice::Kind::named)
      warn(warnings_, warning::kChanged, "tool_choice");
    if (choice.parallel == false) drop("parallel_tool_calls");
  }

  // A model that does not think refuses to be asked; one that does, does so by itself.
  void write_thinking() {
    const Thinking& t = c_.thinking;
    if (!t.asked()) return;
    const bool thinks = target_.thinks.value_or(false);
    if (!wants_thinking(t)) {
      if (thinks) writer_.member("think", false);
    } else if (!thinks) {
      drop("thinking");
    } else if (t.effort.empty()) {
      writer_.member("think", true);
    } else {  // three words
      const bool low = t.effort == "minimal", high = t.effort == "xhigh" || t.effort == "max";
      writer_.member("think", low ? std::string_view("low") : high ? std::string_view("high") : t.effort);
    }
  }

  void write_options() {
    const Sampling& s = c_.sampling;
    std::string inner;
    json::Writer w(inner);
    w.begin_object();
    if (s.max_output) w.member("num_predict", *s.max_output);
    if (s.temperature) w.member("temperature", *s.temperature);
    if (s.top_p) w.member("top_p", *s.top_p);
    if (s.top_k) w.member("top_k", *s.top_k);
    if (s.seed) w.member("seed", *s.seed);
    if (s.frequency_penalty) w.member("frequency_penalty", *s.frequency_penalty);
    if (s.presence_penalty) w.member("presence_penalty", *s.presence_penalty);
    if (!s.stop.empty()) {
      w.key("stop").begin_array();
      for (const auto& text : s.stop) w.string(text);
      w.end_array();
    }
    w.end_object();
    if (inner != "{}") writer_.key("options").raw(inner);
    if (s.choices.value_or(1) != 1) drop("n");
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
};

}  // namespace

std::string write_ollama_request(const Conversation& conversation, const Writing& target,
                                 Warnings& warnings) {
  std::string out;
  out.reserve(target.client_bytes + target.client_bytes / 4 + 512);
  OllamaWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
