// Writes a Responses request. The whole conversation goes as items, so that nothing rests on state that the
// provider keeps.
#include <algorithm>

#include "dialects/custom_tool.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/responses.h"
#include "dialects/strict_schema.h"
#include "dialects/thinking.h"

namespace llmgw::dialects {
namespace {

constexpr size_t kMostCallId = 64;  // the API: "Expected a string with maximum length 64"

class ResponsesWriter {
 public:
  ResponsesWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c), target_(w), warnings_(warnings), writer_(out) {}

  void write() {
    writer_.begin_object().member("model", target_.model);
    writer_.key("input").begin_array();
    for (size_t i = 0; i < c_.messages.size(); ++i) write_message(c_.messages[i], at("messages", i));
    writer_.end_array();
    write_tools();
    write_text();
    write_thinking();
    write_sampling();
    write_rest();
    writer_.end_object();
  }

 private:
  // Calls, their results and thoughts are items beside the messages, and stand where they were said.
  void write_message(const Message& message, const std::string& path) {
    if (!message.name.empty()) warn(warnings_, warning::kDropped, path + ".name");
    std::vector<size_t> said;  // parts that go into one message
    auto flush = [&] {
      if (!said.empty()) write_said(message, said, path);
      said.clear();
    };
    for (size_t i = 0; i < message.parts.size(); ++i) {
      const Part& part = message.parts[i];
      const auto* reasoning = part.get<Reasoning>();
      const auto* foreign = part.get<Foreign>();
      if (const auto* result = part.get<ToolResult>()) {
        flush();
        write_result(*result, at(path + ".content", i));
      } else if (const auto* call = part.get<ToolCall>()) {
        flush();
        writer_.begin_object().member("type", call->freeform ? "custom_tool_call" : "function_call");
        writer_.member("call_id", bounded_call_id(call->id, kMostCallId)).member("name", call->name);
        writer_.member(call->freeform ? "input" : "arguments", call->arguments).end_object();
      } else if (reasoning != nullptr) {
        if (reasoning->seal.issuer != Issuer::openai) continue;  // thoughts go to their author alone
        flush();
        write_reasoning(*reasoning);
      } else if (foreign != nullptr && foreign->dialect == Dialect::openai_responses) {
        flush();
        writer_.raw(foreign->json);
      } else if (is_sayable(message.role, part)) {
        said.push_back(i);
      } else {
        warn(warnings_, warning::kDropped, at(path + ".content", i));
      }
    }
    flush();
  }

  // Whether a message of that role may hold the part.
  static bool is_sayable(Role role, const Part& part) {
    if (part.get<Text>() != nullptr) return true;
    if (role == Role::assistant) return part.get<Refusal>() != nullptr;
    if (const auto* file = part.get<File>()) return has_source(file->media);
    if (const auto* image = part.get<Image>()) return has_source(image->media);
    if (const auto* audio = part.get<Audio>()) return !audio->media.data.empty();
    return false;
  }
  static bool has_source(const Media& media) {
    return !media.data.empty() || !media.url.empty() || !media.file_id.empty();
  }

  void write_said(const Message& message, const std::vector<size_t>& parts, const std::string& path) {
    const bool assistant = message.role == Role::assistant;
    writer_.begin_object().member("type", "message");
    writer_.member("role", assistant ? "assistant" : message.role == Role::system ? "system" : "user");
    writer_.key("content").begin_array();
    for (const size_t i : parts) write_part(message.parts[i], assistant, at(path + ".content", i));
    writer_.end_array().end_object();
  }

  void write_part(const Part& part, bool assistant, const std::string& path) {
    if (const auto* text = part.get<Text>()) {
      if (assistant) return write_output_text(writer_, *text);
      writer_.begin_object().member("type", "input_text").member("text", text->text).end_object();
    } else if (const auto* refusal = part.get<Refusal>()) {
      writer_.begin_object().member("type", "refusal").member("refusal", refusal->text).end_object();
    } else if (const auto* image = part.get<Image>()) {
      writer_.begin_object().member("type", "input_image");
      if (!image->media.detail.empty()) writer_.member("detail", image->media.detail);
      if (!image->media.file_id.empty()) {
        writer_.member("file_id", image->media.file_id);
      } else {
        writer_.member("image_url", url_of(image->media));
      }
      writer_.end_object();
    } else if (const auto* file = part.get<File>()) {
      write_file(file->media);
    } else if (const auto* audio = part.get<Audio>()) {
      writer_.begin_object().member("type", "input_audio").key("input_audio").begin_object();
      writer_.member("data", audio->media.data).member("format", format_of(audio->media.mime));
      writer_.end_object().end_object();
    } else {
      warn(warnings_, warning::kDropped, path);
    }
  }

  void write_file(const Media& media) {
    writer_.begin_object().member("type", "input_file");
    if (!media.file_id.empty()) {
      writer_.member("file_id", media.file_id);
    } else if (!media.data.empty()) {
      const auto format = format_of(media.mime);
      writer_.member("filename", !media.name.empty()
                                     ? media.name
                                     : "document." + std::string(format.empty() ? "pdf" : format));
      writer_.member("file_data", url_of(media));
    } else {
      writer_.member("file_url", media.url);
    }
    writer_.end_object();
  }

  void write_result(const ToolResult& result, const std::string& path) {
    writer_.begin_object().member("type",
                                  result.freeform ? "custom_tool_call_output" : "function_call_output");
    writer_.member("call_id", bounded_call_id(result.id, kMostCallId)).key("output");
    const auto& content = result.content;
    if (content.empty()) {
      writer_.string(result.error ? "error" : "");
    } else if (content.size() == 1 && content[0].get<Text>() != nullptr) {
      writer_.string(content[0].get<Text>()->text);
    } else {
      writer_.begin_array();
      for (size_t i = 0; i < content.size(); ++i) {
        if (is_sayable(Role::user, content[i]) && content[i].get<Audio>() == nullptr) {
          write_part(content[i], false, path);
        } else {
          warn(warnings_, warning::kDropped, at(path + ".content", i));
        }
      }
      writer_.end_array();
    }
    writer_.end_object();
  }

  // Without the id that it had: what is not kept there cannot be found by it.
  void write_reasoning(const Reasoning& reasoning) {
    writer_.begin_object().member("type", "reasoning").key("summary").begin_array();
    if (!reasoning.text.empty()) {
      writer_.begin_object().member("type", "summary_text").member("text", reasoning.text).end_object();
    }
    writer_.end_array().member("encrypted_content", reasoning.seal.data).end_object();
  }

  void write_tools() {
    bool any = false;
    for (size_t i = 0; i < c_.tools.size(); ++i) {
      const Tool& tool = c_.tools[i];
      if (!tool.native.empty() && tool.native_dialect != Dialect::openai_responses) {
        warn(warnings_, warning::kDropped, at("tools", i));
        continue;
      }
      if (!any) writer_.key("tools").begin_array();
      any = true;
      if (!tool.native.empty()) {
        writer_.raw(tool.native);
        continue;
      }
      writer_.begin_object().member("type", "function").member("name", tool.name);
      if (!tool.description.empty()) writer_.member("description", tool.description);
      writer_.key("parameters")
          .raw(tool.parameters.empty() ? R"({"type":"object","properties":{}})" : tool.parameters);
      // Strict is the default here and nowhere else; it refuses most schemas.
      const auto strict =
          strict_for(target_.kind, tool.strict, tool.parameters, at("tools", i) + ".strict", warnings_);
      writer_.member("strict", strict.value_or(false)).end_object();
    }
    if (!any) return;
    writer_.end_array();
    switch (c_.tool_choice.kind) {
      case ToolChoice::Kind::unset: break;
      case ToolChoice::Kind::automatic: writer_.member("tool_choice", "auto"); break;
      case ToolChoice::Kind::none: writer_.member("tool_choice", "none"); break;
      case ToolChoice::Kind::required: writer_.member("tool_choice", "required"); break;
      case ToolChoice::Kind::named:
        writer_.key("tool_choice")
            .begin_object()
            .member("type", names_custom_tool(c_) ? "custom" : "function");
        writer_.member("name", c_.tool_choice.name).end_object();
        break;
    }
    if (c_.tool_choice.parallel) writer_.member("parallel_tool_calls", *c_.tool_choice.parallel);
  }

  void write_text() {
    const OutputFormat& format = c_.format;
    if (format.kind == OutputFormat::Kind::unset || format.kind == OutputFormat::Kind::text) return;
    writer_.key("text").begin_object().key("format").begin_object();
    if (format.kind == OutputFormat::Kind::json) {
      writer_.member("type", "json_object");
    } else {
      writer_.member("type", "json_schema").member("name", format.name.empty() ? "answer" : format.name);
      if (!format.description.empty()) writer_.member("description", format.description);
      writer_.key("schema").raw(format.schema.empty() ? R"({"type":"object"})" : format.schema);
      if (const auto strict =
              strict_for(target_.kind, format.strict, format.schema, "format.strict", warnings_))
        writer_.member("strict", *strict);
    }
    writer_.end_object().end_object();
  }

  void write_thinking() {
    const Thinking& t = c_.thinking;
    const bool shown = t.shown.value_or(false);
    if (!target_.thinks.value_or(true)) {
      if (t.asked() && t.on.value_or(true) && t.effort != "none")
        warn(warnings_, warning::kDropped, "thinking");
      return;
    }
    std::string_view effort = t.effort;
    if (effort.empty() && t.asked())
      effort = t.on == false ? "none" : t.budget ? effort_of(*t.budget) : "medium";
    // "none" is what a model that does not think does.
    if (effort == "none" && !target_.thinks.value_or(false)) effort = {};
    if (effort.empty() && !shown) return;
    writer_.key("reasoning").begin_object();
    if (!effort.empty()) writer_.member("effort", effort);
    if (shown) writer_.member("summary", "auto");
    writer_.end_object();
  }

  void write_sampling() {
    const Sampling& s = c_.sampling;
    if (s.max_output) writer_.member("max_output_tokens", std::max<int64_t>(*s.max_output, 16));  // the least
    if (s.temperature) writer_.member("temperature", std::min(*s.temperature, 2.0));
    if (s.top_p) writer_.member("top_p", *s.top_p);
    auto drop = [&](std::string_view field) { warn(warnings_, warning::kDropped, std::string(field)); };
    if (s.top_k) drop("top_k");
    if (s.frequency_penalty.value_or(0) != 0) drop("frequency_penalty");
    if (s.presence_penalty.value_or(0) != 0) drop("presence_penalty");
    if (s.seed) drop("seed");
    if (s.choices.value_or(1) != 1) drop("n");
    if (!s.stop.empty()) drop("stop");
  }

  void write_rest() {
    if (!c_.previous_response.empty()) writer_.member("previous_response_id", c_.previous_response);
    if (!c_.provider_conversation.empty()) writer_.key("conversation").raw(c_.provider_conversation);
    // Kept by default here and nowhere else; who did not ask for it gets its thoughts back sealed instead.
    writer_.member("store", c_.store.value_or(false));
    if (!c_.store.value_or(false) && target_.thinks.value_or(false))
      writer_.key("include").begin_array().string("reasoning.encrypted_content").end_array();
    if (!c_.user.empty()) writer_.member("user", c_.user);
    if (!c_.metadata.empty()) {
      writer_.key("metadata").begin_object();
      for (const auto& [key, value] : c_.metadata) writer_.member(key, value);
      writer_.end_object();
    }
    const bool own = target_.kind == "openai" || target_.kind == "azure";
    if (!c_.cache_key.empty()) writer_.member("prompt_cache_key", c_.cache_key);
    if (!c_.service_tier.empty() && own) writer_.member("service_tier", c_.service_tier);
    if (target_.stream) writer_.member("stream", true);
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
};

}  // namespace

std::string write_responses_request(const Conversation& conversation, const Writing& target,
                                    Warnings& warnings) {
  std::string out;
  ResponsesWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
