// Writes a chat completions request.
#include "base/json_writer.h"
#include "dialects/custom_tool.h"
#include "dialects/media.h"
#include "dialects/openai_chat_answer.h"
#include "dialects/openai_chat_request.h"
#include "dialects/reading.h"
#include "dialects/strict_schema.h"
#include "dialects/thinking.h"

namespace llmgw::dialects {
namespace {

constexpr size_t kMostCallId = 40;  // the API: "Expected a string with maximum length 40"

class ChatWriter {
 public:
  ChatWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c), target_(w), warnings_(warnings), writer_(out) {}

  void write() {
    writer_.begin_object().member("model", target_.model);
    writer_.key("messages").begin_array();
    for (size_t i = 0; i < c_.messages.size(); ++i) write_message(c_.messages[i], at("messages", i));
    writer_.end_array();
    write_tools();
    write_format();
    write_sampling();
    write_rest();
    writer_.end_object();
  }

 private:
  void write_message(const Message& message, const std::string& path) {
    switch (message.role) {
      case Role::system: return write_plain(message, "system", path);
      case Role::assistant: return write_assistant(message, path);
      case Role::user: return write_user(message, path);
    }
  }

  // Results of tools are messages of their own here; what else the user says stands between them.
  void write_user(const Message& message, const std::string& path) {
    Message said{message.role, {}, message.name};
    auto flush = [&] {
      if (!said.parts.empty()) write_plain(said, "user", path);
      said.parts.clear();
    };
    for (const Part& part : message.parts) {
      const auto* result = part.get<ToolResult>();
      if (result == nullptr) {
        said.parts.push_back(part);
        continue;
      }
      flush();
      write_result(*result, path, said.parts);
    }
    flush();
  }

  void write_result(const ToolResult& result, const std::string& path, std::vector<Part>& behind) {
    std::string text;
    for (const Part& part : result.content) {
      if (const auto* piece = part.get<Text>()) {
        text += (text.empty() ? "" : "\n") + piece->text;
      } else {
        behind.push_back(part);
        warn(warnings_, warning::kChanged, path + ".tool_result");
      }
    }
    if (result.error && text.empty()) text = "error";
    writer_.begin_object()
        .member("role", "tool")
        .member("tool_call_id", bounded_call_id(result.id, kMostCallId));
    writer_.member("content", text).end_object();
  }

  void write_plain(const Message& message, std::string_view role, const std::string& path) {
    writer_.begin_object().member("role", role);
    if (!message.name.empty()) writer_.member("name", message.name);
    writer_.key("content");
    write_content(message.parts, path);
    writer_.end_object();
  }

  void write_content(const std::vector<Part>& parts, const std::string& path) {
    if (parts.size() == 1 && parts[0].get<Text>() != nullptr && !keeps_mark(parts[0])) {
      writer_.string(parts[0].get<Text>()->text);
      return;
    }
    writer_.begin_array();
    for (size_t i = 0; i < parts.size(); ++i) write_part(parts[i], at(path + ".content", i));
    writer_.end_array();
  }

  void write_part(const Part& part, const std::string& path) {
    if (const auto* text = part.get<Text>()) {
      writer_.begin_object().member("type", "text").member("text", text->text);
      write_mark(part);
      writer_.end_object();
    } else if (const auto* image = part.get<Image>()) {
      if (image->media.url.empty() && image->media.data.empty())
        return warn(warnings_, warning::kDropped, path);
      writer_.begin_object().member("type", "image_url").key("image_url").begin_object();
      writer_.member("url", url_of(image->media));
      if (!image->media.detail.empty()) writer_.member("detail", image->media.detail);
      writer_.end_object();
      write_mark(part);
      writer_.end_object();
    } else if (const auto* audio = part.get<Audio>()) {
      if (audio->media.data.empty()) return warn(warnings_, warning::kDropped, path);
      writer_.begin_object().member("type", "input_audio").key("input_audio").begin_object();
      writer_.member("data", audio->media.data).member("format", format_of(audio->media.mime));
      writer_.end_object().end_object();
    } else if (const auto* file = part.get<File>()) {
      write_file(*file, path);
    } else if (const auto* foreign = part.get<Foreign>();
               foreign != nullptr && foreign->dialect == Dialect::openai_chat) {
      writer_.raw(foreign->json);
    } else {
      warn(warnings_, warning::kDropped, path);
    }
  }

  void write_file(const File& file, const std::string& path) {
    if (file.media.data.empty() && file.media.file_id.empty())
      return warn(warnings_, warning::kDropped, path);
    writer_.begin_object().member("type", "file").key("file").begin_object();
    if (!file.media.file_id.empty()) writer_.member("file_id", file.media.file_id);
    if (!file.media.data.empty()) {
      writer_.member("file_data", url_of(file.media));
      const auto format = format_of(file.media.mime);
      writer_.member("filename", !file.media.name.empty()
                                     ? file.media.name
                                     : "document." + std::string(format.empty() ? "pdf" : format));
    }
    writer_.end_object().end_object();
  }

  void write_assistant(const Message& message, const std::string& path) {
    std::vector<Part> said;
    std::vector<const ToolCall*> calls;
    std::string refusal;
    for (size_t i = 0; i < message.parts.size(); ++i) {
      const Part& part = message.parts[i];
      if (const auto* call = part.get<ToolCall>()) {
        calls.push_back(call);
      } else if (const auto* text = part.get<Refusal>()) {
        refusal += text->text;
      } else if (part.get<Text>() != nullptr) {
        said.push_back(part);
      } else if (part.get<Reasoning>() == nullptr) {  // past thoughts are nobody's but their author's
        warn(warnings_, warning::kDropped, at(path + ".content", i));
      }
    }
    writer_.begin_object().member("role", "assistant");
    if (!message.name.empty()) writer_.member("name", message.name);
    writer_.key("content");
    if (said.empty()) {
      writer_.null();
    } else {
      write_content(said, path);
    }
    if (!refusal.empty()) writer_.member("refusal", refusal);
    if (!calls.empty()) {
      writer_.key("tool_calls").begin_array();
      for (const auto* call : calls) {
        writer_.begin_object().member("id", bounded_call_id(call->id, kMostCallId));
        write_chat_call(writer_, *call);
        writer_.end_object();
      }
      writer_.end_array();
    }
    writer_.end_object();
  }

  void write_tools() {
    bool any = false;
    for (size_t i = 0; i < c_.tools.size(); ++i) {
      const Tool& tool = c_.tools[i];
      if (!tool.native.empty() && tool.native_dialect != Dialect::openai_chat) {
        warn(warnings_, warning::kDropped, at("tools", i));
        continue;
      }
      if (!any) writer_.key("tools").begin_array();
      any = true;
      if (!tool.native.empty()) {
        writer_.raw(tool.native);
        continue;
      }
      writer_.begin_object().member("type", "function").key("function").begin_object();
      writer_.member("name", tool.name);
      if (!tool.description.empty()) writer_.member("description", tool.description);
      if (!tool.parameters.empty()) writer_.key("parameters").raw(tool.parameters);
      if (const auto strict =
              strict_for(target_.kind, tool.strict, tool.parameters, at("tools", i) + ".strict", warnings_))
        writer_.member("strict", *strict);
      writer_.end_object();
      if (tool.cache && target_.kind == "openrouter") write_cache(*tool.cache);
      writer_.end_object();
    }
    if (!any) return;
    writer_.end_array();
    switch (c_.tool_choice.kind) {
      case ToolChoice::Kind::unset: break;
      case ToolChoice::Kind::automatic: writer_.member("tool_choice", "auto"); break;
      case ToolChoice::Kind::none: writer_.member("tool_choice", "none"); break;
      case ToolChoice::Kind::required: writer_.member("tool_choice", "required"); break;
      case ToolChoice::Kind::named: {
        const std::string_view kind = names_custom_tool(c_) ? "custom" : "function";
        writer_.key("tool_choice").begin_object().member("type", kind).key(kind).begin_object();
        writer_.member("name", c_.tool_choice.name).end_object().end_object();
        break;
      }
    }
    if (c_.tool_choice.parallel) writer_.member("parallel_tool_calls", *c_.tool_choice.parallel);
  }

  void write_format() {
    const OutputFormat& format = c_.format;
    if (format.kind == OutputFormat::Kind::unset || format.kind == OutputFormat::Kind::text) return;
    writer_.key("response_format").begin_object();
    if (format.kind == OutputFormat::Kind::json) {
      writer_.member("type", "json_object").end_object();
      return;
    }
    writer_.member("type", "json_schema").key("json_schema").begin_object();
    writer_.member("name", format.name.empty() ? "answer" : format.name);
    if (!format.description.empty()) writer_.member("description", format.description);
    if (!format.schema.empty()) writer_.key("schema").raw(format.schema);
    if (const auto strict =
            strict_for(target_.kind, format.strict, format.schema, "format.strict", warnings_))
      writer_.member("strict", *strict);
    writer_.end_object().end_object();
  }

  void write_sampling() {
    const Sampling& s = c_.sampling;
    // OpenAI's own name for the limit; others know the one before it (api-reference/chat/create).
    const bool own = target_.kind == "openai" || target_.kind == "azure";
    if (s.max_output) writer_.member(own ? "max_completion_tokens" : "max_tokens", *s.max_output);
    if (s.temperature) writer_.member("temperature", std::min(*s.temperature, 2.0));
    if (s.top_p) writer_.member("top_p", *s.top_p);
    if (s.top_k) {
      if (own) {
        warn(warnings_, warning::kDropped, "top_k");
      } else {
        writer_.member("top_k", *s.top_k);
      }
    }
    if (s.frequency_penalty) writer_.member("frequency_penalty", *s.frequency_penalty);
    if (s.presence_penalty) writer_.member("presence_penalty", *s.presence_penalty);
    if (s.seed) writer_.member("seed", *s.seed);
    if (s.choices && *s.choices != 1) writer_.member("n", *s.choices);
    if (!s.stop.empty()) {
      if (s.stop.size() > 4) warn(warnings_, warning::kChanged, "stop");  // at most four
      writer_.key("stop").begin_array();
      for (size_t i = 0; i < std::min<size_t>(s.stop.size(), 4); ++i) writer_.string(s.stop[i]);
      writer_.end_array();
    }
  }

  void write_rest() {
    const Thinking& t = c_.thinking;
    if (t.asked() && target_.thinks.value_or(true)) {
      std::string_view effort = t.effort;
      if (effort.empty()) effort = t.on == false ? "none" : t.budget ? effort_of(*t.budget) : "medium";
      // "none" is what a model that does not think does.
      if (effort != "none" || target_.thinks.value_or(false)) writer_.member("reasoning_effort", effort);
    } else if (t.asked() && t.on.value_or(true) && t.effort != "none") {
      warn(warnings_, warning::kDropped, "thinking");
    }
    if (!c_.user.empty()) writer_.member("user", c_.user);
    if (!c_.metadata.empty() && (target_.kind == "openai" || target_.kind == "azure")) {
      writer_.key("metadata").begin_object();
      for (const auto& [key, value] : c_.metadata) writer_.member(key, value);
      writer_.end_object();
    }
    if (!c_.cache_key.empty() && target_.kind == "openai") writer_.member("prompt_cache_key", c_.cache_key);
    if (!c_.service_tier.empty() && target_.kind == "openai") writer_.member("service_tier", c_.service_tier);
    if (target_.stream) {
      writer_.member("stream", true);
      if (target_.ask_usage) {
        writer_.key("stream_options").begin_object().member("include_usage", true).end_object();
      }
    }
  }

  bool keeps_mark(const Part& part) const { return part.cache && target_.kind == "openrouter"; }
  void write_mark(const Part& part) {
    if (keeps_mark(part)) write_cache(*part.cache);
  }
  void write_cache(const CacheMark& mark) {
    writer_.key("cache_control").begin_object().member("type", "ephemeral");
    if (!mark.ttl.empty()) writer_.member("ttl", mark.ttl);
    writer_.end_object();
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
};

}  // namespace

std::string write_chat_request(const Conversation& conversation, const Writing& target, Warnings& warnings) {
  std::string out;
  out.reserve(target.client_bytes + target.client_bytes / 4 + 512);
  ChatWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
