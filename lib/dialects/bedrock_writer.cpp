// Writes a Converse request, within what Bedrock insists on: roles in turn, the user first, no blank text, a
// toolConfig wherever tools were called, ids and document names of its alphabets, no unknown member.
#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/anthropic.h"
#include "dialects/bedrock.h"
#include "dialects/bedrock_content.h"
#include "dialects/reading.h"
#include "dialects/thinking.h"
#include "dialects/turns.h"

namespace llmgw::dialects {
namespace {

constexpr int64_t kLeastBudget = 1024;  // Claude's (docs.anthropic.com, "Extended thinking", budget_tokens)
constexpr int64_t kAnswerRoom = 4096;   // for the answer behind a budget of thought
constexpr size_t kMostMetadata = 16;    // RequestMetadata
constexpr size_t kLongestWord = 256;    // its keys' and values'

// RequestMetadataKeyString.
bool plain_word(std::string_view text) {
  constexpr std::string_view kMarks = " \t\r\n:_@$#=/+,-.";
  return text.size() <= kLongestWord && std::ranges::all_of(text, [&](char c) {
           return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
                  kMarks.find(c) != std::string_view::npos;
         });
}

class BedrockWriter {
 public:
  BedrockWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c),
        target_(w),
        warnings_(warnings),
        writer_(out),
        model_(w.model),
        content_(writer_, model_, warnings),
        turns_(
            take_turns(c, warnings, [this](const Part& part, bool system) { return fate(part, system); })) {
    put_results_first(turns_);
    decide_thinking();
    if (w.mark_prefix) mark_stable_prefix(c, turns_);
  }

  void write() {
    writer_.begin_object();
    write_system();
    writer_.key("messages").begin_array();
    for (const auto& turn : turns_.turns) write_turn(turn);
    writer_.end_array();
    write_inference();
    write_tools();
    write_model_fields();
    write_output();
    write_metadata();
    writer_.end_object();
  }

 private:
  Fate fate(const Part& part, bool system) const {
    if (!content_.writable(part)) return Fate::skip;
    const bool stands = !system || part.get<Text>() != nullptr || BedrockContent::own(part);
    return stands ? Fate::keep : Fate::drop;
  }

  // Claude's terms hold here as they do at Anthropic.
  void decide_thinking() {
    const Thinking& t = c_.thinking;
    limit_ = c_.sampling.max_output;
    if (!wants_thinking(t)) return;
    if (!model_.claude) {
      if (!model_.gpt_oss) warn(warnings_, warning::kDropped, "thinking");
      return;
    }
    if (!target_.thinks.value_or(true)) return warn(warnings_, warning::kDropped, "thinking");
    if (claude_cannot_think(c_, turns_)) return warn(warnings_, warning::kThinkingOff, "thinking");
    thinks_ = true;
    if (claude_abilities(target_.model).adaptive) return;
    budget_ = std::max(kLeastBudget, t.budget.value_or(budget_of(t.effort)));
    // The limit holds for thoughts and answer together: the answer keeps what the client gave it.
    if (!limit_) limit_ = target_.max_output.value_or(budget_ + kAnswerRoom);
    if (*limit_ <= budget_) limit_ = *limit_ + budget_;
    if (target_.max_output) limit_ = std::min(*limit_, *target_.max_output);
    if (budget_ >= *limit_) budget_ = std::max(kLeastBudget, *limit_ / 2);
    if (budget_ >= *limit_) limit_ = budget_ + kLeastBudget;
  }

  void write_system() {
    const bool json = c_.format.kind == OutputFormat::Kind::json;
    if (json) warn(warnings_, warning::kChanged, "response_format");
    if (turns_.system.empty() && !json) return;
    writer_.key("system").begin_array();
    for (const auto& placed : turns_.system) {
      if (const auto* text = placed.part->get<Text>()) {
        content_.text(text->text);
      } else {
        writer_.raw(placed.part->get<Foreign>()->json);
      }
      content_.mark(placed.part->cache, placed.mark);
    }
    if (json) content_.text(kJsonOnly);
    writer_.end_array();
  }

  void write_turn(const Turn& turn) {
    // The first word is the user's.
    if (&turn == &turns_.turns.front() && turn.assistant) {
      warn(warnings_, warning::kAdded, "messages[0]");
      writer_.begin_object().member("role", "user").key("content").begin_array();
      content_.text("…");
      writer_.end_array().end_object();
    }
    writer_.begin_object().member("role", turn.assistant ? "assistant" : "user").key("content").begin_array();
    const bool prefill = turn.assistant && &turn == &turns_.turns.back();
    bool document = false, text = false;
    for (const auto& placed : turn.parts) {
      document = document || placed.part->get<File>() != nullptr;
      text = text || placed.part->get<Text>() != nullptr;
      content_.part(*placed.part, placed.place, prefill && &placed == &turn.parts.back());
      content_.mark(placed.part->cache, placed.mark);
    }
    // "If you include a document in the content, you must also include a text block" (API reference,
    // Message).
    if (document && !text) {
      warn(warnings_, warning::kAdded, turn.parts.back().place.path());
      content_.text("…");
    }
    writer_.end_array().end_object();
  }

  // Thinking bars temperature and top_p below 0.95 (docs.anthropic.com, "Extended thinking").
  bool sampling_barred() const {
    return model_.claude && (claude_abilities(target_.model).no_sampling || thinks_);
  }

  void write_inference() {
    const Sampling& s = c_.sampling;
    auto drop = [&](std::string_view field) { warn(warnings_, warning::kDropped, std::string(field)); };
    std::string inner;
    json::Writer w(inner);
    w.begin_object();
    if (limit_) w.member("maxTokens", *limit_);
    if (s.temperature && sampling_barred()) {
      if (*s.temperature != 1) drop("temperature");
    } else if (s.temperature) {
      if (*s.temperature > 1) warn(warnings_, warning::kChanged, "temperature");
      w.member("temperature", std::min(*s.temperature, 1.0));
    }
    const bool one_of_both = model_.claude && claude_abilities(target_.model).one_of_both && s.temperature;
    if (s.top_p && (sampling_barred() || one_of_both)) {
      if (*s.top_p != 1) drop("top_p");
    } else if (s.top_p) {
      w.member("topP", *s.top_p);
    }
    std::vector<std::string_view> stop;
    for (const auto& text : s.stop) {
      if (bedrock_blank(text)) {
        drop("stop");
      } else {
        stop.push_back(text);
      }
    }
    if (!stop.empty()) {
      w.key("stopSequences").begin_array();
      for (const auto text : stop) w.string(text);
      w.end_array();
    }
    w.end_object();
    if (inner != "{}") writer_.key("inferenceConfig").raw(inner);
    if (s.frequency_penalty.value_or(0) != 0) drop("frequency_penalty");
    if (s.presence_penalty.value_or(0) != 0) drop("presence_penalty");
    if (s.seed) drop("seed");
    if (s.choices.value_or(1) != 1) drop("n");
  }

  // Calls stand in the conversation: their tools must be there, too.
  std::vector<std::string> called_tools() const {
    std::vector<std::string> names;
    for (const auto& turn : turns_.turns) {
      for (const auto& placed : turn.parts) {
        std::string name;
        if (const auto* call = placed.part->get<ToolCall>()) name = call->name;
        if (const auto* result = placed.part->get<ToolResult>())
          name = result->name.empty() ? "tool" : result->name;
        if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
      }
    }
    return names;
  }

  void write_tools() {
    const ToolChoice& choice = c_.tool_choice;
    const auto called = called_tools();
    const auto tools = tools_for(c_, Dialect::bedrock_converse, warnings_);
    // There is no choice of "none": without calls behind it, it is to have no tools.
    if (choice.kind == ToolChoice::Kind::none) {
      if (called.empty()) return;
      if (!tools.empty()) warn(warnings_, warning::kChanged, "tool_choice");
    }
    if (tools.empty() && called.empty()) return;
    if (tools.empty()) warn(warnings_, warning::kAdded, "tools");
    writer_.key("toolConfig").begin_object().key("tools").begin_array();
    for (const Tool* tool : tools) write_tool(*tool, tool == tools.back());
    if (tools.empty()) {
      for (const auto& name : called)
        write_tool(
            {.name = name, .description = {}, .parameters = {}, .strict = {}, .cache = {}, .native = {}},
            false);
    }
    writer_.end_array();
    write_tool_choice(choice);
    writer_.end_object();
  }

  void write_tool(const Tool& tool, bool last) {
    if (!tool.native.empty()) {
      writer_.raw(tool.native);
    } else {
      writer_.begin_object().key("toolSpec").begin_object().member("name", tool.name);
      if (!bedrock_blank(tool.description)) writer_.member("description", tool.description);
      writer_.key("inputSchema").begin_object().key("json");
      writer_.raw(tool.parameters.empty() ? R"({"type":"object","properties":{}})" : tool.parameters)
          .end_object();
      if (tool.strict.value_or(false)) writer_.member("strict", true);
      writer_.end_object().end_object();
    }
    if (model_.claude) content_.mark(tool.cache, turns_.mark_tools && last);  // Nova caches no tools
  }

  void write_tool_choice(const ToolChoice& choice) {
    if (choice.parallel == false && !model_.claude) warn(warnings_, warning::kDropped, "parallel_tool_calls");
    if (choice.kind != ToolChoice::Kind::automatic && choice.kind != ToolChoice::Kind::required &&
        choice.kind != ToolChoice::Kind::named) {
      return;
    }
    writer_.key("toolChoice").begin_object();
    if (choice.kind == ToolChoice::Kind::named) {
      writer_.key("tool").begin_object().member("name", choice.name).end_object();
    } else {
      writer_.key(choice.kind == ToolChoice::Kind::required ? "any" : "auto").begin_object().end_object();
    }
    writer_.end_object();
  }

  // What the model takes beyond Converse, in its vendor's own words.
  void write_model_fields() {
    std::string inner;
    json::Writer w(inner);
    w.begin_object();
    const bool adaptive = model_.claude && claude_abilities(target_.model).adaptive;
    if (thinks_) {
      w.key("thinking").begin_object().member("type", adaptive ? "adaptive" : "enabled");
      if (!adaptive) w.member("budget_tokens", budget_);
      if (adaptive && c_.thinking.shown) w.member("display", *c_.thinking.shown ? "summarized" : "omitted");
      w.end_object();
    } else if (c_.thinking.on == false && adaptive) {
      w.key("thinking").begin_object().member("type", "disabled").end_object();
    }
    if (model_.gpt_oss && c_.thinking.asked()) w.member("reasoning_effort", gpt_oss_effort());
    if (c_.sampling.top_k) {
      if ((model_.claude && !sampling_barred()) || model_.mistral) {
        w.member("top_k", *c_.sampling.top_k);
      } else if (model_.nova) {  // docs.aws.amazon.com/nova, "Complete request schema"
        w.key("inferenceConfig").begin_object().member("topK", *c_.sampling.top_k).end_object();
      } else {
        warn(warnings_, warning::kDropped, "top_k");
      }
    }
    const auto kind = c_.tool_choice.kind;
    if (model_.claude && c_.tool_choice.parallel == false && !c_.tools.empty() &&
        kind != ToolChoice::Kind::none) {
      w.key("tool_choice").begin_object();
      w.member("type", kind == ToolChoice::Kind::required ? "any"
                       : kind == ToolChoice::Kind::named  ? "tool"
                                                          : "auto");
      if (kind == ToolChoice::Kind::named) w.member("name", c_.tool_choice.name);
      w.member("disable_parallel_tool_use", true).end_object();
    }
    w.end_object();
    if (inner != "{}") writer_.key("additionalModelRequestFields").raw(inner);
  }

  // Its three: low, medium, high.
  std::string_view gpt_oss_effort() const {
    std::string_view effort = c_.thinking.effort;
    if (effort.empty()) effort = c_.thinking.budget ? effort_of(*c_.thinking.budget) : "medium";
    if (effort == "none" || effort == "minimal" || c_.thinking.on == false) return "low";
    return effort == "xhigh" || effort == "max" ? "high" : effort;
  }

  void write_output() {
    std::string_view effort;
    if (thinks_ && claude_abilities(target_.model).adaptive) {
      effort = c_.thinking.effort;
      if (effort.empty() && c_.thinking.budget) effort = effort_of(*c_.thinking.budget);
      if (effort == "minimal") effort = "low";
    }
    const bool schema = c_.format.kind == OutputFormat::Kind::schema && !c_.format.schema.empty();
    if (effort.empty() && !schema) return;
    writer_.key("outputConfig").begin_object();
    if (schema) {
      writer_.key("textFormat").begin_object().member("type", "json_schema");
      writer_.key("structure").begin_object().key("jsonSchema").begin_object();
      writer_.member("schema", c_.format.schema);
      if (!c_.format.name.empty()) writer_.member("name", c_.format.name);
      if (!c_.format.description.empty()) writer_.member("description", c_.format.description);
      writer_.end_object().end_object().end_object();
    }
    if (!effort.empty()) writer_.member("effort", effort);
    writer_.end_object();
  }

  void write_metadata() {
    std::vector<std::pair<std::string_view, std::string_view>> words;
    auto add = [&](std::string_view name, std::string_view value, std::string_view field) {
      if (name.empty() || !plain_word(name) || !plain_word(value) || words.size() == kMostMetadata) {
        warn(warnings_, warning::kDropped, std::string(field));
      } else {
        words.emplace_back(name, value);
      }
    };
    if (!c_.user.empty()) add("user_id", c_.user, "user");
    for (const auto& [name, value] : c_.metadata) add(name, value, "metadata");
    if (!words.empty()) {
      writer_.key("requestMetadata").begin_object();
      for (const auto& [name, value] : words) writer_.member(name, value);
      writer_.end_object();
    }
    const auto& tier = c_.service_tier;
    if (tier == "default" || tier == "flex" || tier == "priority" || tier == "reserved") {
      writer_.key("serviceTier").begin_object().member("type", tier).end_object();
    } else if (!tier.empty() && tier != "auto") {
      warn(warnings_, warning::kDropped, "service_tier");
    }
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
  BedrockModel model_;
  BedrockContent content_;
  Turns turns_;
  bool thinks_ = false;
  int64_t budget_ = 0;
  std::optional<int64_t> limit_;
};

}  // namespace

std::string write_bedrock_request(const Conversation& conversation, const Writing& target,
                                  Warnings& warnings) {
  std::string out;
  BedrockWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
