// Writes a Messages request, within what the API insists on: roles in turn, a limit, results right behind
// their calls, no empty text, ids of its alphabet.
#include <algorithm>

#include "base/json_writer.h"
#include "dialects/anthropic.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/seal.h"
#include "dialects/thinking.h"
#include "dialects/turns.h"

namespace llmgw::dialects {
namespace {

constexpr int64_t kLeastBudget = 1024;    // docs: "Extended thinking", budget_tokens
constexpr int64_t kDefaultOutput = 4096;  // for a model whose limit is not known
constexpr int kMostMarks = 4;             // docs: "Prompt caching"

// Ids are [a-zA-Z0-9_-]+.
std::string clean_id(std::string_view id) {
  std::string out(id.empty() ? "_" : id);
  for (char& c : out) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!good) c = '_';
  }
  return out;
}

class AnthropicWriter {
 public:
  AnthropicWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c), target_(w), warnings_(warnings), writer_(out), turns_(take_turns(c, warnings, &fate)) {
    put_results_first(turns_);
    decide_thinking();
    if (w.mark_prefix) mark_stable_prefix(c, turns_);
  }

  void write() {
    writer_.begin_object().member("model", target_.model);
    writer_.member("max_tokens", limit_);
    write_system();
    write_tools();
    writer_.key("messages").begin_array();
    for (const auto& turn : turns_.turns) write_turn(turn);
    writer_.end_array();
    write_thinking();
    write_sampling();
    if (!c_.user.empty()) writer_.key("metadata").begin_object().member("user_id", c_.user).end_object();
    if (target_.stream) writer_.member("stream", true);
    writer_.end_object();
  }

 private:
  static bool writable(const Part& part) {
    if (const auto* text = part.get<Text>()) return !text->text.empty();
    if (const auto* refusal = part.get<Refusal>()) return !refusal->text.empty();
    if (const auto* reasoning = part.get<Reasoning>()) return reasoning->seal.issuer == Issuer::anthropic;
    return true;
  }

  static Fate fate(const Part& part, bool system) {
    if (system && part.get<Text>() == nullptr) return Fate::drop;
    return writable(part) ? Fate::keep : Fate::skip;
  }

  void decide_thinking() {
    const Thinking& t = c_.thinking;
    const bool wanted = wants_thinking(t);
    thinks_ = wanted && target_.thinks.value_or(true);
    if (wanted && !thinks_) warn(warnings_, warning::kDropped, "thinking");
    limit_ = c_.sampling.max_output.value_or(target_.max_output.value_or(kDefaultOutput));
    if (!thinks_) return;
    if (claude_cannot_think(c_, turns_)) {
      thinks_ = false;
      return warn(warnings_, warning::kThinkingOff, "thinking");
    }
    if (claude_abilities(target_.model).adaptive) return;
    budget_ = std::max(kLeastBudget, t.budget.value_or(budget_of(t.effort)));
    if (c_.sampling.max_output) {
      // The limit holds for thoughts and answer together: the answer keeps what the client gave it.
      limit_ =
          *c_.sampling.max_output > budget_ ? *c_.sampling.max_output : *c_.sampling.max_output + budget_;
      if (target_.max_output) limit_ = std::min(limit_, *target_.max_output);
    }
    if (budget_ >= limit_) budget_ = std::max(kLeastBudget, limit_ / 2);
    if (budget_ >= limit_) limit_ = budget_ + kLeastBudget;
  }

  void write_mark(const std::optional<CacheMark>& mark, bool ours) {
    if ((!mark && !ours) || marks_ >= kMostMarks) return;
    ++marks_;
    writer_.key("cache_control").begin_object().member("type", "ephemeral");
    if (mark && !mark->ttl.empty()) writer_.member("ttl", mark->ttl);
    writer_.end_object();
  }

  void write_system() {
    const bool json = c_.format.kind == OutputFormat::Kind::json;
    if (json) warn(warnings_, warning::kChanged, "response_format");
    if (turns_.system.empty() && !json) return;
    writer_.key("system").begin_array();
    for (const auto& placed : turns_.system) {
      writer_.begin_object().member("type", "text").member("text", placed.part->get<Text>()->text);
      write_mark(placed.part->cache, placed.mark);
      writer_.end_object();
    }
    if (json) writer_.begin_object().member("type", "text").member("text", kJsonOnly).end_object();
    writer_.end_array();
  }

  void write_tools() {
    const auto tools = tools_for(c_, Dialect::anthropic_messages, warnings_);
    if (tools.empty()) return;
    writer_.key("tools").begin_array();
    for (const Tool* tool : tools) {
      if (!tool->native.empty()) {
        writer_.raw(tool->native);
        continue;
      }
      writer_.begin_object().member("name", tool->name);
      if (!tool->description.empty()) writer_.member("description", tool->description);
      writer_.key("input_schema")
          .raw(tool->parameters.empty() ? R"({"type":"object","properties":{}})" : tool->parameters);
      if (tool->strict.value_or(false)) writer_.member("strict", true);
      write_mark(tool->cache, turns_.mark_tools && tool == tools.back());
      writer_.end_object();
    }
    writer_.end_array();
    write_tool_choice();
  }

  void write_tool_choice() {
    const ToolChoice& choice = c_.tool_choice;
    const bool one = choice.parallel == false;
    if (choice.kind == ToolChoice::Kind::unset && !one) return;
    writer_.key("tool_choice").begin_object();
    switch (choice.kind) {
      case ToolChoice::Kind::none: writer_.member("type", "none"); break;
      case ToolChoice::Kind::required: writer_.member("type", "any"); break;
      case ToolChoice::Kind::named: writer_.member("type", "tool").member("name", choice.name); break;
      default: writer_.member("type", "auto");
    }
    if (one && choice.kind != ToolChoice::Kind::none) writer_.member("disable_parallel_tool_use", true);
    writer_.end_object();
  }

  void write_turn(const Turn& turn) {
    // The first word is the user's.
    if (&turn == &turns_.turns.front() && turn.assistant) {
      warn(warnings_, warning::kAdded, "messages[0]");
      writer_.begin_object().member("role", "user").member("content", "…").end_object();
    }
    writer_.begin_object().member("role", turn.assistant ? "assistant" : "user").key("content").begin_array();
    const bool prefill = turn.assistant && &turn == &turns_.turns.back();
    for (const auto& placed : turn.parts) write_block(placed, prefill && &placed == &turn.parts.back());
    writer_.end_array().end_object();
  }

  void write_text(std::string_view text, const Placed& placed, bool last) {
    if (last) {  // "final assistant content cannot end with trailing whitespace"
      while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\t'))
        text.remove_suffix(1);
    }
    writer_.begin_object().member("type", "text").member("text", text);
    write_mark(placed.part->cache, placed.mark);
    writer_.end_object();
  }

  void write_source(const Media& media) {
    writer_.key("source").begin_object();
    if (!media.data.empty()) {
      writer_.member("type", "base64")
          .member("media_type", media.mime.empty() ? "application/pdf" : media.mime);
      writer_.member("data", media.data);
    } else if (!media.url.empty()) {
      writer_.member("type", "url").member("url", media.url);
    } else {
      writer_.member("type", "file").member("file_id", media.file_id);
    }
    writer_.end_object();
  }

  void write_block(const Placed& placed, bool last) {
    const Part& part = *placed.part;
    if (const auto* text = part.get<Text>()) return write_text(text->text, placed, last);
    if (const auto* refusal = part.get<Refusal>()) return write_text(refusal->text, placed, last);
    if (const auto* image = part.get<Image>()) {
      writer_.begin_object().member("type", "image");
      write_source(image->media);
      write_mark(part.cache, placed.mark);
      writer_.end_object();
    } else if (const auto* file = part.get<File>()) {
      writer_.begin_object().member("type", "document");
      write_source(file->media);
      if (!file->media.name.empty()) writer_.member("title", file->media.name);
      write_mark(part.cache, placed.mark);
      writer_.end_object();
    } else if (const auto* call = part.get<ToolCall>()) {
      writer_.begin_object()
          .member("type", "tool_use")
          .member("id", clean_id(call->id))
          .member("name", call->name);
      writer_.key("input").raw(arguments_object(call->arguments));
      write_mark(part.cache, placed.mark);
      writer_.end_object();
    } else if (const auto* result = part.get<ToolResult>()) {
      write_result(*result, placed);
    } else if (const auto* reasoning = part.get<Reasoning>()) {
      writer_.begin_object();
      if (reasoning->redacted) {
        writer_.member("type", "redacted_thinking").member("data", reasoning->seal.data);
      } else {
        writer_.member("type", "thinking").member("thinking", reasoning->text);
        writer_.member("signature", reasoning->seal.data);
      }
      writer_.end_object();
    } else if (const auto* foreign = part.get<Foreign>();
               foreign != nullptr && foreign->dialect == Dialect::anthropic_messages) {
      writer_.raw(foreign->json);
    } else {
      warn(warnings_, warning::kDropped, placed.place.path());
      // A turn needs a block; what cannot be said is named.
      writer_.begin_object()
          .member("type", "text")
          .member("text", "[content that cannot be shown]")
          .end_object();
    }
  }

  void write_result(const ToolResult& result, const Placed& placed) {
    writer_.begin_object().member("type", "tool_result").member("tool_use_id", clean_id(result.id));
    writer_.key("content").begin_array();
    for (const Part& part : result.content) {
      const auto* text = part.get<Text>();
      if (text != nullptr && text->text.empty()) continue;
      write_block({&part, placed.place}, false);
    }
    writer_.end_array();
    if (result.error) writer_.member("is_error", true);
    write_mark(placed.part->cache, placed.mark);
    writer_.end_object();
  }

  void write_thinking() {
    const bool adaptive = claude_abilities(target_.model).adaptive;
    if (thinks_) {
      writer_.key("thinking").begin_object().member("type", adaptive ? "adaptive" : "enabled");
      if (!adaptive) writer_.member("budget_tokens", budget_);
      if (adaptive && c_.thinking.shown)
        writer_.member("display", *c_.thinking.shown ? "summarized" : "omitted");
      writer_.end_object();
    } else if (c_.thinking.on == false && adaptive) {
      writer_.key("thinking").begin_object().member("type", "disabled").end_object();
    }
    std::string_view effort;
    if (adaptive && thinks_) {
      effort = c_.thinking.effort;
      if (effort.empty() && c_.thinking.budget) effort = effort_of(*c_.thinking.budget);
      if (effort == "minimal") effort = "low";
    }
    const bool schema = c_.format.kind == OutputFormat::Kind::schema && !c_.format.schema.empty();
    if (effort.empty() && !schema) return;
    writer_.key("output_config").begin_object();
    if (!effort.empty()) writer_.member("effort", effort);
    if (schema) {
      writer_.key("format").begin_object().member("type", "json_schema").key("schema").raw(c_.format.schema);
      writer_.end_object();
    }
    writer_.end_object();
  }

  void write_sampling() {
    const Sampling& s = c_.sampling;
    const auto abilities = claude_abilities(target_.model);
    // Thinking bars temperature and top_k, and top_p below 0.95 (docs: "Extended thinking").
    const bool barred = abilities.no_sampling || thinks_;
    auto drop = [&](std::string_view field) { warn(warnings_, warning::kDropped, std::string(field)); };
    if (s.temperature) {
      if (barred) {
        if (*s.temperature != 1) drop("temperature");
      } else {
        if (*s.temperature > 1) warn(warnings_, warning::kChanged, "temperature");
        writer_.member("temperature", std::min(*s.temperature, 1.0));
      }
    }
    if (s.top_p) {
      if (barred || (abilities.one_of_both && s.temperature)) {
        if (*s.top_p != 1) drop("top_p");
      } else {
        writer_.member("top_p", *s.top_p);
      }
    }
    if (s.top_k) {
      if (barred) {
        drop("top_k");
      } else {
        writer_.member("top_k", *s.top_k);
      }
    }
    if (s.frequency_penalty.value_or(0) != 0) drop("frequency_penalty");
    if (s.presence_penalty.value_or(0) != 0) drop("presence_penalty");
    if (s.seed) drop("seed");
    if (s.choices.value_or(1) != 1) drop("n");
    write_stop();
  }

  // Stop texts of white space alone are refused.
  void write_stop() {
    std::vector<std::string_view> stop;
    for (const auto& text : c_.sampling.stop) {
      if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
        warn(warnings_, warning::kDropped, "stop");
      } else {
        stop.push_back(text);
      }
    }
    if (stop.empty()) return;
    writer_.key("stop_sequences").begin_array();
    for (const auto text : stop) writer_.string(text);
    writer_.end_array();
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
  Turns turns_;
  bool thinks_ = false;
  int64_t budget_ = 0, limit_ = 0;
  int marks_ = 0;
};

}  // namespace

std::string write_anthropic_request(const Conversation& conversation, const Writing& target,
                                    Warnings& warnings) {
  std::string out;
  out.reserve(target.client_bytes + target.client_bytes / 4 + 512);
  AnthropicWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
