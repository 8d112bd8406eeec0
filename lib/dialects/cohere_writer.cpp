// Writes a request of Cohere's Chat, within what the API insists on: results of tools as messages right
// behind their calls, no schema beside tools, one penalty at most.
#include <algorithm>
#include <functional>

#include "base/json_writer.h"
#include "dialects/cohere.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/thinking.h"
#include "dialects/turns.h"

namespace llmgw::dialects {
namespace {

// docs.cohere.com/reference/chat: `stop_sequences`, `k`, `p`.
constexpr size_t kMostStops = 5;
constexpr int64_t kMostK = 500;
constexpr double kLeastP = 0.01, kMostP = 0.99;

class CohereWriter {
 public:
  CohereWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c), target_(w), warnings_(warnings), writer_(out) {
    choose_tools();
    decide_thinking();
  }

  void write() {
    writer_.begin_object().member("model", target_.model);
    writer_.key("messages").begin_array();
    for (size_t i = 0; i < c_.messages.size(); ++i) write_message(c_.messages[i], i);
    write_format_in_words();
    writer_.end_array();
    write_tools();
    write_format();
    write_thinking();
    write_sampling();
    if (target_.stream) writer_.member("stream", true);
    writer_.end_object();
  }

 private:
  void drop(std::string field) { warn(warnings_, warning::kDropped, std::move(field)); }

  // No tool can be named: the others are left out, and one must be called.
  void choose_tools() {
    tools_ = tools_for(c_, Dialect::cohere_chat, warnings_);
    if (c_.tool_choice.kind == ToolChoice::Kind::named)
      std::erase_if(tools_, [&](const Tool* tool) { return tool->name != c_.tool_choice.name; });
  }

  void decide_thinking() {
    limit_ = c_.sampling.max_output;
    const Thinking& t = c_.thinking;
    if (!wants_thinking(t)) return;
    if (!target_.thinks.value_or(true)) return drop("thinking");
    thinks_ = true;
    if (t.budget || !t.effort.empty()) budget_ = t.budget.value_or(budget_of(t.effort));
    if (!budget_ || !limit_ || *limit_ > *budget_) return;
    // The limit holds for thoughts and answer together: the answer keeps what the client gave it.
    limit_ = *limit_ + *budget_;
    if (target_.max_output) limit_ = std::min(*limit_, *target_.max_output);
    if (*budget_ >= *limit_) budget_ = std::max<int64_t>(1, *limit_ / 2);
  }

  void write_message(const Message& message, size_t index) {
    switch (message.role) {
      case Role::system: return write_plain("system", message.parts, index);
      case Role::assistant: return write_assistant(message, index);
      case Role::user: return write_user(message, index);
    }
  }

  // Results of tools are messages of their own here, before what else the user says.
  void write_user(const Message& message, size_t index) {
    std::vector<Part> said;
    for (const Part& part : message.parts) {
      if (const auto* result = part.get<ToolResult>()) write_result(*result, index, said);
    }
    for (const Part& part : message.parts) {
      if (part.get<ToolResult>() == nullptr) said.push_back(part);
    }
    if (!said.empty()) write_plain("user", said, index);
  }

  void write_result(const ToolResult& result, size_t index, std::vector<Part>& behind) {
    std::vector<const Text*> texts;
    for (const Part& part : result.content) {
      if (const auto* text = part.get<Text>()) {
        texts.push_back(text);
      } else {
        behind.push_back(part);
        warn(warnings_, warning::kChanged, at("messages", index) + ".tool_result");
      }
    }
    writer_.begin_object().member("role", "tool").member("tool_call_id", result.id).key("content");
    if (texts.size() <= 1) {
      writer_.string(!texts.empty() ? texts[0]->text : result.error ? "error" : "");
    } else {
      writer_.begin_array();
      for (const auto* text : texts) write_text(text->text);
      writer_.end_array();
    }
    writer_.end_object();
  }

  void write_text(std::string_view text) {
    writer_.begin_object().member("type", "text").member("text", text).end_object();
  }

  void write_plain(std::string_view role, const std::vector<Part>& parts, size_t index) {
    writer_.begin_object().member("role", role).key("content");
    if (parts.size() == 1 && parts[0].get<Text>() != nullptr) {
      writer_.string(parts[0].get<Text>()->text).end_object();
      return;
    }
    writer_.begin_array();
    bool said = false;
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto* image = parts[i].get<Image>();
      const auto* foreign = parts[i].get<Foreign>();
      if (const auto* text = parts[i].get<Text>()) {
        write_text(text->text);
      } else if (const auto* refusal = parts[i].get<Refusal>()) {
        write_text(refusal->text);
      } else if (image != nullptr && (!image->media.data.empty() || !image->media.url.empty())) {
        writer_.begin_object().member("type", "image_url").key("image_url").begin_object();
        writer_.member("url", url_of(image->media));
        if (!image->media.detail.empty()) writer_.member("detail", image->media.detail);
        writer_.end_object().end_object();
      } else if (foreign != nullptr && foreign->dialect == Dialect::cohere_chat) {
        writer_.raw(foreign->json);
      } else {
        drop(Place{index, i}.path());
        continue;
      }
      said = true;
    }
    // A message needs a block; what cannot be said is named.
    if (!said) write_text("[content that cannot be shown]");
    writer_.end_array().end_object();
  }

  void write_assistant(const Message& message, size_t index) {
    std::vector<const Part*> parts;
    std::vector<size_t> places;
    bool said = false;
    for (size_t i = 0; i < message.parts.size(); ++i) {
      const Part& part = message.parts[i];
      const auto* reasoning = part.get<Reasoning>();
      // Sealed thoughts are another vendor's: Cohere's have no seal.
      if (reasoning != nullptr && (reasoning->seal || !target_.thinks.value_or(false))) continue;
      said = said || part.get<Text>() || part.get<Refusal>() || part.get<ToolCall>();
      parts.push_back(&part);
      places.push_back(i);
    }
    auto lost = [&](size_t i) { drop(Place{index, places[i]}.path()); };
    if (!said) {
      for (size_t i = 0; i < parts.size(); ++i) {
        if (parts[i]->get<Reasoning>() == nullptr) lost(i);
      }
      return;  // it would be empty
    }
    writer_.begin_object().member("role", "assistant");
    write_cohere_assistant(writer_, parts, lost);
    writer_.end_object();
  }

  void write_tools() {
    if (tools_.empty()) return;
    const auto strict =
        std::ranges::count_if(tools_, [](const Tool* t) { return t->strict.value_or(false); });
    writer_.key("tools").begin_array();
    for (const Tool* tool : tools_) {
      writer_.begin_object().member("type", "function").key("function").begin_object();
      writer_.member("name", tool->name);
      if (!tool->description.empty()) writer_.member("description", tool->description);
      writer_.key("parameters")
          .raw(tool->parameters.empty() ? R"({"type":"object","properties":{}})" : tool->parameters);
      writer_.end_object().end_object();
    }
    writer_.end_array();
    // It holds for all of them or for none.
    if (strict == std::ssize(tools_)) {
      writer_.member("strict_tools", true);
    } else if (strict > 0) {
      drop("strict");
    }
    switch (c_.tool_choice.kind) {
      case ToolChoice::Kind::unset:
      case ToolChoice::Kind::automatic: break;
      case ToolChoice::Kind::none: writer_.member("tool_choice", "NONE"); break;
      case ToolChoice::Kind::required:
      case ToolChoice::Kind::named: writer_.member("tool_choice", "REQUIRED"); break;
    }
    if (c_.tool_choice.parallel == false) drop("parallel_tool_calls");
  }

  bool wants_json() const {
    return c_.format.kind == OutputFormat::Kind::json || c_.format.kind == OutputFormat::Kind::schema;
  }

  void write_format() {
    if (!wants_json() || !tools_.empty()) return;
    writer_.key("response_format").begin_object().member("type", "json_object");
    if (c_.format.kind == OutputFormat::Kind::schema && !c_.format.schema.empty())
      writer_.key("json_schema").raw(c_.format.schema);
    writer_.end_object();
  }

  // "The parameter is not supported when used in combinations with the `documents` or `tools` parameters"
  // (types/response_format_v2.py).
  void write_format_in_words() {
    if (!wants_json() || tools_.empty()) return;
    warn(warnings_, warning::kChanged, "response_format");
    std::string words(kJsonOnly);
    if (!c_.format.schema.empty()) words += " It must be valid by this JSON schema: " + c_.format.schema;
    writer_.begin_object().member("role", "system").member("content", words).end_object();
  }

  void write_thinking() {
    if (thinks_) {
      writer_.key("thinking").begin_object().member("type", "enabled");
      if (budget_) writer_.member("token_budget", std::max<int64_t>(*budget_, 1));
      writer_.end_object();
    } else if (c_.thinking.asked() && !wants_thinking(c_.thinking) && target_.thinks.value_or(false)) {
      writer_.key("thinking").begin_object().member("type", "disabled").end_object();
    }
  }

  void write_sampling() {
    const Sampling& s = c_.sampling;
    if (limit_) writer_.member("max_tokens", *limit_);
    if (s.temperature) {
      // docs.aws.amazon.com, "Cohere Command R and Command R+ models": from 0 to 1.
      if (*s.temperature > 1) warn(warnings_, warning::kChanged, "temperature");
      writer_.member("temperature", std::min(*s.temperature, 1.0));
    }
    if (s.top_p) writer_.member("p", std::clamp(*s.top_p, kLeastP, kMostP));
    if (s.top_k) writer_.member("k", std::clamp<int64_t>(*s.top_k, 0, kMostK));
    if (s.seed) writer_.member("seed", *s.seed);
    // From 0 to 1, and "cannot specify both frequency_penalty and presence_penalty"
    // (docs.cohere.com/reference/errors).
    bool one = false;
    for (const auto& [field, value] : {std::pair{"frequency_penalty", s.frequency_penalty.value_or(0)},
                                       std::pair{"presence_penalty", s.presence_penalty.value_or(0)}}) {
      if (value == 0) continue;
      if (value < 0 || one) {
        drop(field);
        continue;
      }
      if (value > 1) warn(warnings_, warning::kChanged, field);
      writer_.member(field, std::min(value, 1.0));
      one = true;
    }
    if (s.choices.value_or(1) != 1) drop("n");
    if (s.stop.empty()) return;
    if (s.stop.size() > kMostStops) warn(warnings_, warning::kChanged, "stop");
    writer_.key("stop_sequences").begin_array();
    for (size_t i = 0; i < std::min(s.stop.size(), kMostStops); ++i) writer_.string(s.stop[i]);
    writer_.end_array();
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
  std::vector<const Tool*> tools_;
  bool thinks_ = false;
  std::optional<int64_t> budget_, limit_;
};

}  // namespace

std::string write_cohere_request(const Conversation& conversation, const Writing& target,
                                 Warnings& warnings) {
  std::string out;
  out.reserve(target.client_bytes + target.client_bytes / 4 + 512);
  CohereWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
