// Reads a request of Ollama's chat.
#include <algorithm>
#include <array>

#include "dialects/media.h"
#include "dialects/ollama.h"
#include "dialects/openai_chat_request.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// Images come as base64 alone: their first bytes tell what they are.
std::string_view mime_of_image(std::string_view base64) {
  static constexpr std::pair<std::string_view, std::string_view> kBeginnings[] = {
      {"iVBORw0KGgo", "image/png"}, {"/9j/", "image/jpeg"}, {"R0lGOD", "image/gif"}, {"UklGR", "image/webp"}};
  for (const auto& [beginning, mime] : kBeginnings) {
    if (base64.starts_with(beginning)) return mime;
  }
  return "image/png";
}

// Calls may come without ids: a result belongs to the oldest call that has none yet, of its name if it says
// one.
class CallBook {
 public:
  void add(const ToolCall& call) { open_.push_back({call.id, call.name}); }
  void settle(ToolResult& result, size_t message) {
    auto found = open_.end();
    if (!result.id.empty()) {
      found = std::ranges::find(open_, result.id, &Open::id);
    } else if (!result.name.empty()) {
      found = std::ranges::find(open_, result.name, &Open::name);
    } else {
      found = open_.begin();
    }
    if (found == open_.end()) {
      if (result.id.empty()) result.id = made_up_call_id("result", message, 0);
      return;
    }
    result.id = found->id;
    result.name = found->name;
    open_.erase(found);
  }

 private:
  struct Open {
    std::string id, name;
  };
  std::vector<Open> open_;
};

Result<Message> read_message(Value value, size_t index, CallBook& calls) {
  const std::string path = at("messages", index);
  if (!value.is(Kind::object)) return refused(path, "must be an object");
  const std::string role = value["role"].text();
  const auto content = value["content"];
  if (content && !content.is_null() && !content.is(Kind::string))
    return refused(path + ".content", "must be a string");
  Message message;
  auto add_text = [&](std::vector<Part>& out) {
    if (std::string text = content.text(); !text.empty())
      out.push_back({Text{.text = std::move(text), .citations = {}}, {}});
  };
  if (role == "tool") {
    ToolResult result{.id = value["tool_call_id"].text(), .name = value["tool_name"].text(), .content = {}};
    add_text(result.content);
    calls.settle(result, index);
    message.parts.push_back({std::move(result), {}});
    return message;
  }
  if (role == "assistant") {
    message.role = Role::assistant;
  } else if (role == "system") {
    message.role = Role::system;
  } else if (role != "user") {
    return refused(path + ".role", "must be system, user, assistant or tool, not '" + role + "'");
  }
  if (std::string thought = value["thinking"].text(); !thought.empty())
    message.parts.push_back({Reasoning{.text = std::move(thought)}, {}});
  add_text(message.parts);
  if (auto ok = check_array(value["images"], path + ".images"); !ok) return fail(std::move(ok.error()));
  size_t i = 0;
  for (auto [_, image] : value["images"].elements()) {
    if (!image.is(Kind::string)) return refused(at(path + ".images", i), "must be a string of base64");
    ++i;
    Image part;
    part.media.data = standard_base64(image.text());
    part.media.mime = mime_of_image(part.media.data);
    message.parts.push_back({std::move(part), {}});
  }
  if (auto ok = check_array(value["tool_calls"], path + ".tool_calls"); !ok)
    return fail(std::move(ok.error()));
  i = 0;
  for (auto [_, call] : value["tool_calls"].elements()) {
    auto read = read_ollama_call(call, made_up_call_id("history", index, i));
    if (read.name.empty()) return refused(at(path + ".tool_calls", i) + ".function.name", "must be a string");
    ++i;
    calls.add(read);
    message.parts.push_back({std::move(read), {}});
  }
  return message;
}

// How the server runs the model, which asks for nothing of the answer (api/types.go, Runner).
constexpr std::array<std::string_view, 13> kRunner = {
    "numa",       "num_ctx",    "num_batch", "num_gpu",   "main_gpu",   "low_vram",      "f16_kv",
    "logits_all", "vocab_only", "use_mmap",  "use_mlock", "num_thread", "embedding_only"};

void read_options(Value options, Conversation& out) {
  Sampling& s = out.sampling;
  for (auto [key, value] : options.members()) {
    const std::string name = key.text();
    if (value.is_null() || std::ranges::find(kRunner, std::string_view(name)) != kRunner.end()) continue;
    if (name == "num_predict") {
      if (value.integer().value_or(0) > 0) s.max_output = value.integer();  // else: as many as it likes
    } else if (name == "temperature") {
      s.temperature = value.number();
    } else if (name == "top_p") {
      s.top_p = value.number();
    } else if (name == "top_k") {
      s.top_k = value.integer();
    } else if (name == "seed") {
      s.seed = value.integer();
    } else if (name == "frequency_penalty") {
      s.frequency_penalty = value.number();
    } else if (name == "presence_penalty") {
      s.presence_penalty = value.number();
    } else if (name == "stop") {
      if (value.is(Kind::string)) s.stop.push_back(value.text());
      for (auto [_, text] : value.elements()) s.stop.push_back(text.text());
    } else {
      out.unmodelled.push_back("options." + name);
    }
  }
}

// What is read above, or asks for nothing of the answer.
constexpr std::array<std::string_view, 12> kRead = {"model",     "messages",    "stream",       "tools",
                                                    "format",    "options",     "think",        "keep_alive",
                                                    "fallbacks", "fallback_on", "extra_fields", "models"};

}  // namespace

Result<Conversation> read_ollama_request(Value body) {
  Conversation out;
  const auto messages = body["messages"];
  if (!messages.is(Kind::array)) return refused("messages", "must be an array");
  CallBook calls;
  size_t i = 0;
  for (auto [_, value] : messages.elements()) {
    auto message = read_message(value, i++, calls);
    if (!message) return fail(std::move(message.error()));
    out.messages.push_back(std::move(*message));
  }
  if (auto ok = check_array(body["tools"], "tools"); !ok) return fail(std::move(ok.error()));
  i = 0;
  for (auto [_, value] : body["tools"].elements()) {
    auto tool = read_openai_function(value["function"], at("tools", i++) + ".function");
    if (!tool) return fail(std::move(tool.error()));
    out.tools.push_back(std::move(*tool));
  }
  const auto format = body["format"];
  if (format.says("json")) out.format.kind = OutputFormat::Kind::json;
  if (format.is(Kind::object)) {
    out.format.kind = OutputFormat::Kind::schema;
    out.format.schema = format.raw();
    out.format.strict = true;  // Ollama enforces it
  }
  out.thinking.on = body["think"].boolean();
  out.thinking.effort = body["think"].text();
  read_options(body["options"], out);
  for (auto [key, value] : body.members()) {
    const std::string name = key.text();
    const bool known = std::ranges::find(kRead, std::string_view(name)) != kRead.end();
    if (!known && !value.is_null() && value.boolean() != false) out.unmodelled.push_back(name);
  }
  normalize(out);
  return out;
}

}  // namespace llmgw::dialects
