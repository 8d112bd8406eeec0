// Writes a generateContent request, within what the API insists on: roles in turn with the user first, a
// result for each call right behind it, a signature on the first call of each step for models that think.
#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/gemini.h"
#include "dialects/gemini_part.h"
#include "dialects/reading.h"
#include "dialects/thinking.h"
#include "dialects/turns.h"

namespace llmgw::dialects {
namespace {

constexpr size_t kMostStops = 5;      // https://ai.google.dev/api/generate-content#generationconfig
constexpr int64_t kProLeast = 128;    // of thought, which 2.5 Pro cannot leave; the same page as:
constexpr int64_t kProMost = 32'768;  // https://ai.google.dev/gemini-api/docs/thinking, "Thinking budgets"
constexpr int64_t kFlashMost = 24'576;

class GeminiWriter {
 public:
  GeminiWriter(const Conversation& c, const Writing& w, Warnings& warnings, std::string& out)
      : c_(c),
        target_(w),
        warnings_(warnings),
        writer_(out),
        generation_(gemini_generation(w.model)),
        ids_(w.kind != "vertex"),
        turns_(take_turns(c, warnings, &fate)) {
    for (size_t i = 0; i < c.messages.size(); ++i)
      if (!c.messages[i].name.empty()) drop(at("messages", i) + ".name");
  }

  void write() {
    writer_.begin_object();
    write_system();
    write_contents();
    write_tools();
    write_config();
    if (!c_.user.empty()) drop("user");
    if (!c_.metadata.empty()) drop("metadata");
    const bool usual = c_.service_tier.empty() || c_.service_tier == "auto" || c_.service_tier == "default" ||
                       c_.service_tier == "standard_only";
    if (!usual) drop("service_tier");
    writer_.end_object();
  }

 private:
  void drop(std::string field) { warn(warnings_, warning::kDropped, std::move(field)); }

  static bool writable(const Part& part) {
    if (const auto* text = part.get<Text>()) return !text->text.empty();
    if (const auto* refusal = part.get<Refusal>()) return !refusal->text.empty();
    // Past thoughts are nobody's but their author's.
    if (const auto* reasoning = part.get<Reasoning>()) return reasoning->seal.issuer == Issuer::gemini;
    return true;
  }

  static Fate fate(const Part& part, bool system) {
    if (system && part.get<Text>() == nullptr) return Fate::drop;
    return writable(part) ? Fate::keep : Fate::skip;
  }

  void write_system() {
    if (turns_.system.empty()) return;
    writer_.key("systemInstruction").begin_object().key("parts").begin_array();
    for (const auto& placed : turns_.system)
      writer_.begin_object().member("text", placed.part->get<Text>()->text).end_object();
    writer_.end_array().end_object();
  }

  void open_content(std::string_view role) {
    writer_.begin_object().member("role", role).key("parts").begin_array();
  }
  void close_content() { writer_.end_array().end_object(); }

  void write_contents() {
    writer_.key("contents").begin_array();
    const auto& turns = turns_.turns;
    if (turns.empty() || turns.front().assistant) {  // the first word is the user's
      warn(warnings_, warning::kAdded, "messages[0]");
      open_content("user");
      writer_.begin_object().member("text", "…").end_object();
      close_content();
    }
    static const Turn kNone{true, {}};
    for (size_t i = 0; i < turns.size(); ++i) {
      const Turn& turn = turns[i];
      open_content(turn.assistant ? "model" : "user");
      if (turn.assistant) {
        write_model_turn(turn);
      } else {
        write_user_turn(i > 0 ? turns[i - 1] : kNone, turn);
      }
      close_content();
    }
    writer_.end_array();
  }

  void write_model_turn(const Turn& turn) {
    bool called = false;
    for (const auto& placed : turn.parts) {
      std::string_view signature;
      if (const Seal* seal = seal_of(*placed.part); seal != nullptr && seal->issuer == Issuer::gemini)
        signature = seal->data;
      if (placed.part->get<ToolCall>() != nullptr) {
        // "the first functionCall part in each step" must have one (docs: "Thought signatures").
        if (!called && signature.empty() && generation_ >= 3) {
          signature = kNoSignature;
          warn(warnings_, warning::kChanged, placed.place.path());
        }
        called = true;
      }
      write_part(placed, signature);
    }
  }

  void write_part(const Placed& placed, std::string_view signature) {
    if (write_gemini_part(writer_, *placed.part, signature, ids_)) return;
    drop(placed.place.path());
    // A content needs a part; what cannot be said is named.
    writer_.begin_object().member("text", "[content that cannot be shown]").end_object();
  }

  // The results in the order of their calls, one for each; then what else the user says.
  void write_user_turn(const Turn& before, const Turn& turn) {
    std::vector<const Placed*> results;
    std::vector<const Placed*> rest;
    for (const auto& placed : turn.parts)
      (placed.part->get<ToolResult>() != nullptr ? results : rest).push_back(&placed);
    std::vector<Placed> media;  // that stand behind all results
    for (const auto& placed : before.parts) {
      const auto* call = placed.part->get<ToolCall>();
      if (call == nullptr) continue;
      const auto found = std::ranges::find_if(
          results, [&](const Placed* r) { return r->part->get<ToolResult>()->id == call->id; });
      if (found == results.end()) {
        warn(warnings_, warning::kAdded, placed.place.path());
        write_response(*call, "{\"error\":\"no result was given\"}");
        continue;
      }
      const auto& result = *(*found)->part->get<ToolResult>();
      write_response(*call, response_of(result));
      for (const Part& part : result.content) {
        if (part.get<Text>() == nullptr) media.push_back({&part, (*found)->place});
      }
      results.erase(found);
    }
    for (const Placed& placed : media) {
      warn(warnings_, warning::kChanged, placed.place.path());
      write_part(placed, {});
    }
    for (const Placed* orphan : results) {  // of no call: all that is left is to tell it
      warn(warnings_, warning::kChanged, orphan->place.path());
      const auto& result = *orphan->part->get<ToolResult>();
      writer_.begin_object().member("text", joined_text(result.content)).end_object();
    }
    for (const Placed* placed : rest) write_part(*placed, {});
  }

  void write_response(const ToolCall& call, std::string_view response) {
    writer_.begin_object().key("functionResponse").begin_object();
    if (ids_) writer_.member("id", call.id);
    writer_.member("name", call.name).key("response").raw(response).end_object().end_object();
  }

  // An object as it is; anything else under the key that the API reads it by.
  static std::string response_of(const ToolResult& result) {
    const std::string text = joined_text(result.content);
    const auto doc = json::Doc::parse(text, {.allow_lone_surrogates = true});
    const bool object = doc && doc->root().is(json::Kind::object);
    if (result.error) return "{\"error\":" + (object ? text : json::quoted(text)) + "}";
    const bool taken = object && doc->root().size() == 1 && (doc->root()["output"] || doc->root()["error"]);
    if (object && !taken && doc->root().size() > 0) return text;
    return "{\"output\":" + (object ? text : json::quoted(text)) + "}";
  }

  void write_tools() {
    std::vector<const Tool*> functions, native;
    for (size_t i = 0; i < c_.tools.size(); ++i) {
      const Tool& tool = c_.tools[i];
      if (tool.native.empty()) {
        functions.push_back(&tool);
        if (tool.strict.value_or(false)) warn(warnings_, warning::kChanged, at("tools", i) + ".strict");
      } else if (tool.native_dialect == Dialect::gemini_generate) {
        native.push_back(&tool);
      } else {
        drop(at("tools", i));
      }
    }
    if (!functions.empty() || !native.empty()) writer_.key("tools").begin_array();
    if (!functions.empty()) {
      writer_.begin_object().key("functionDeclarations").begin_array();
      for (const Tool* tool : functions) {
        writer_.begin_object().member("name", tool->name);
        if (!tool->description.empty()) writer_.member("description", tool->description);
        // JSON Schema, as it is (types.FunctionDeclaration).
        if (!tool->parameters.empty()) writer_.key("parametersJsonSchema").raw(tool->parameters);
        writer_.end_object();
      }
      writer_.end_array().end_object();
    }
    for (const Tool* tool : native) writer_.raw(tool->native);
    if (!functions.empty() || !native.empty()) writer_.end_array();
    if (!functions.empty()) write_tool_choice();
  }

  void write_tool_choice() {
    const ToolChoice& choice = c_.tool_choice;
    if (choice.parallel == false) drop("parallel_tool_calls");
    if (choice.kind == ToolChoice::Kind::unset) return;
    writer_.key("toolConfig").begin_object().key("functionCallingConfig").begin_object();
    switch (choice.kind) {
      case ToolChoice::Kind::none: writer_.member("mode", "NONE"); break;
      case ToolChoice::Kind::required: writer_.member("mode", "ANY"); break;
      case ToolChoice::Kind::named:
        writer_.member("mode", "ANY").key("allowedFunctionNames").begin_array();
        writer_.string(choice.name).end_array();
        break;
      default: writer_.member("mode", "AUTO");
    }
    writer_.end_object().end_object();
  }

  void write_config() {
    const Sampling& s = c_.sampling;
    writer_.key("generationConfig").begin_object();
    if (s.max_output) writer_.member("maxOutputTokens", *s.max_output);
    if (s.temperature) writer_.member("temperature", std::min(*s.temperature, 2.0));
    if (s.top_p) writer_.member("topP", *s.top_p);
    if (s.top_k) writer_.member("topK", *s.top_k);
    if (s.choices.value_or(1) != 1) writer_.member("candidateCount", *s.choices);
    if (s.seed) {  // 32 bits wide
      const auto seed = static_cast<int64_t>(static_cast<uint64_t>(*s.seed) & 0x7fffffff);
      if (seed != *s.seed) warn(warnings_, warning::kChanged, "seed");
      writer_.member("seed", seed);
    }
    if (s.presence_penalty) writer_.member("presencePenalty", *s.presence_penalty);
    if (s.frequency_penalty) writer_.member("frequencyPenalty", *s.frequency_penalty);
    if (!s.stop.empty()) {
      if (s.stop.size() > kMostStops) warn(warnings_, warning::kChanged, "stop");
      writer_.key("stopSequences").begin_array();
      for (size_t i = 0; i < std::min(s.stop.size(), kMostStops); ++i) writer_.string(s.stop[i]);
      writer_.end_array();
    }
    const auto kind = c_.format.kind;
    if (kind == OutputFormat::Kind::json || kind == OutputFormat::Kind::schema)
      writer_.member("responseMimeType", "application/json");
    if (kind == OutputFormat::Kind::schema && !c_.format.schema.empty())
      writer_.key("responseJsonSchema").raw(c_.format.schema);
    write_thinking();
    writer_.end_object();
  }

  // Generation 3 thinks by a level, those before it by a budget
  // (https://ai.google.dev/gemini-api/docs/openai, "Thinking"; .../docs/thinking).
  void write_thinking() {
    const Thinking& t = c_.thinking;
    const bool off = t.on == false || t.effort == "none";
    if (!t.asked() && !t.shown) return;
    if (!target_.thinks.value_or(generation_ >= 2.5)) {
      if (t.asked() && !off) drop("thinking");
      return;
    }
    const bool pro = icontains(target_.model, "pro");
    writer_.key("thinkingConfig").begin_object();
    if (generation_ >= 3) {
      write_level(off, pro);
    } else if (off) {
      if (pro) warn(warnings_, warning::kChanged, "thinking");
      writer_.member("thinkingBudget", pro ? kProLeast : 0);
    } else if (t.budget || !t.effort.empty()) {
      const int64_t wanted = t.budget.value_or(budget_of(t.effort));
      const int64_t given = std::clamp(wanted, pro ? kProLeast : 0, pro ? kProMost : kFlashMost);
      if (t.budget && given != wanted) warn(warnings_, warning::kChanged, "thinking");
      writer_.member("thinkingBudget", given);
    } else if (t.asked()) {
      writer_.member("thinkingBudget", -1);  // as it sees fit
    }
    writer_.member("includeThoughts", t.shown.value_or(!off)).end_object();
  }

  void write_level(bool off, bool pro) {
    const Thinking& t = c_.thinking;
    std::string_view effort = t.effort;
    if (effort.empty() && t.budget) effort = effort_of(*t.budget);
    if (off || effort == "minimal") {
      // The least that there is: no model of this generation can leave it.
      if (off) warn(warnings_, warning::kChanged, "thinking");
      writer_.member("thinkingLevel", pro ? "LOW" : "MINIMAL");
    } else if (!effort.empty()) {
      writer_.member("thinkingLevel", effort == "low" ? "LOW" : effort == "medium" ? "MEDIUM" : "HIGH");
    }
  }

  const Conversation& c_;
  const Writing& target_;
  Warnings& warnings_;
  json::Writer writer_;
  double generation_;
  bool ids_;  // Vertex's calls have had none for long
  Turns turns_;
};

}  // namespace

double gemini_generation(std::string_view model) {
  const size_t at = model.find("gemini-");
  if (at == std::string_view::npos) return 0;
  const auto rest = model.substr(at + 7);
  return to_number<double>(rest.substr(0, rest.find_first_not_of("0123456789."))).value_or(0);
}

std::string write_gemini_request(const Conversation& conversation, const Writing& target,
                                 Warnings& warnings) {
  std::string out;
  GeminiWriter(conversation, target, warnings, out).write();
  return out;
}

}  // namespace llmgw::dialects
