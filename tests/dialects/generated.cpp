#include "tests/dialects/generated.h"

#include <deque>

namespace llmgw::dialects {
namespace {

class Generator {
 public:
  Generator(Random& random, const Expression& can) : random_(random), can_(can) {}

  bool chance(int percent) { return random_.below(100) < static_cast<uint64_t>(percent); }
  size_t upto(size_t most) { return 1 + random_.below(most); }

  // Never blank and without white space at its ends, which some vendors cut off.
  std::string words() {
    static constexpr std::array<std::string_view, 14> kWords = {
        "the",         "Größe", "東京",      "😀",      "\"quoted\"", "back\\slash", "tab\there",
        "line\nbreak", "</b>",  "{\"a\":1}", "data: x", "\u2028sep",  "zero",        "x"};
    std::string out;
    for (size_t n = upto(5); n > 0; --n)
      out.append(out.empty() ? "" : " ").append(kWords[random_.below(kWords.size())]);
    return out;
  }
  std::string name() { return "tool_" + std::to_string(random_.below(5)); }
  std::string id() { return "call_" + std::to_string(calls_++) + "x" + std::to_string(random_.below(1000)); }
  // Valid base64, as every vendor's is.
  std::string seal_data() { return "c2VhbDEy" + std::to_string(1000 + random_.below(9000)); }
  std::string arguments() {
    switch (random_.below(4)) {
      case 0: return "{}";
      case 1: return R"({"city":"Köln","days":3})";
      case 2: return R"({"q":"a \"b\" \\ c\n","list":[1,2.5,null,true],"deep":{"x":{}}})";
      default: return R"({"n":)" + std::to_string(random_.below(1'000'000)) + "}";
    }
  }

  Part text() { return {Text{.text = words(), .citations = {}}, mark()}; }
  std::optional<CacheMark> mark() {
    if (!can_.cache_marks || marks_ >= 4 || !chance(10)) return std::nullopt;
    ++marks_;
    return CacheMark{chance(50) ? "1h" : ""};
  }

  Part image() {
    Image image;
    if (can_.image_url && chance(40)) {
      image.media.url = "https://example.com/a.png?x=" + std::to_string(random_.below(9));
    } else {
      image.media.mime = chance(50) || !can_.image_mime ? "image/png" : "image/jpeg";
      image.media.data = "iVBORw0KGgo=";
    }
    if (can_.image_detail && chance(50)) image.media.detail = chance(50) ? "low" : "high";
    return {std::move(image), {}};
  }

  Part file() {
    File file;
    const auto kind = random_.below(3);
    if (kind == 0 && can_.file_id) {
      file.media.file_id = "file-abc";
    } else if (kind == 1 && can_.file_url) {
      file.media.url = "https://example.com/a.pdf";
    } else if (can_.file_data) {
      file.media.mime = "application/pdf";
      file.media.data = "JVBERi0xLjQK";
      file.media.name = "report.pdf";
    } else {
      return text();
    }
    return {std::move(file), {}};
  }

  Part user_part() {
    const auto kind = random_.below(10);
    if (kind == 0) return image();
    if (kind == 1) return file();
    if (kind == 2 && can_.user_audio) {
      Audio audio;
      audio.media.mime = chance(50) ? "audio/wav" : "audio/mpeg";
      audio.media.data = "UklGRg==";
      return {std::move(audio), {}};
    }
    return text();
  }

  Message user(const std::vector<ToolCall>& calls) {
    Message out{Role::user, {}, {}};
    for (const auto& call : calls) {
      ToolResult result{.id = call.id, .name = call.name, .content = {}};
      for (size_t n = can_.rich_results ? random_.below(3) + (can_.empty_results ? 0 : 1) : 1; n > 0; --n) {
        Part part{Text{.text = words(), .citations = {}}, {}};
        result.content.push_back(can_.rich_results && chance(20) ? image() : std::move(part));
      }
      result.error = can_.error_results && chance(20);
      out.parts.push_back({std::move(result), mark()});
    }
    if (calls.empty() || chance(20)) {
      if (can_.names && calls.empty() && chance(10)) out.name = "ann";
      for (size_t n = upto(3); n > 0; --n) out.parts.push_back(user_part());
    }
    return out;
  }

  Message assistant(std::vector<ToolCall>& calls) {
    Message out{Role::assistant, {}, {}};
    calls.clear();
    if (can_.thoughts != Issuer::none && chance(40)) {
      out.parts.push_back(
          {Reasoning{.text = words(), .seal = {can_.thoughts, seal_data()}, .redacted = false}, {}});
      if (chance(20))
        out.parts.push_back(
            {Reasoning{.text = {}, .seal = {can_.thoughts, seal_data()}, .redacted = true}, {}});
    }
    if (chance(70)) {
      for (size_t n = upto(2); n > 0; --n) out.parts.push_back(text());
    }
    if (can_.refusals && chance(5)) out.parts.push_back({Refusal{words()}, {}});
    if (tools_ && (out.parts.empty() || chance(50))) {
      for (size_t n = upto(3); n > 0; --n) {
        ToolCall call{.id = id(), .name = name(), .arguments = arguments()};
        calls.push_back(call);
        out.parts.push_back({std::move(call), {}});
        if (can_.mixed_turns && chance(10)) out.parts.push_back(text());
      }
    }
    const bool said =
        std::ranges::any_of(out.parts, [](const Part& part) { return part.get<Reasoning>() == nullptr; });
    if (!said) out.parts.push_back(text());
    return out;
  }

  Conversation conversation() {
    Conversation out;
    tools_ = chance(60);
    if (tools_) tools(out);
    if (chance(60)) {
      Message system{Role::system, {}, {}};
      for (size_t n = upto(2); n > 0; --n) system.parts.push_back(text());
      out.messages.push_back(std::move(system));
    }
    std::vector<ToolCall> calls;
    out.messages.push_back(user(calls));
    for (size_t turns = random_.below(5); turns > 0; --turns) {
      out.messages.push_back(assistant(calls));
      called_ = called_ || !calls.empty();
      if (can_.late_system && calls.empty() && chance(10))
        out.messages.push_back({Role::system, {text()}, {}});
      out.messages.push_back(user(calls));
    }
    settings(out);
    return out;
  }

  void tools(Conversation& out) {
    for (size_t i = 0; i < 5; ++i) {
      Tool tool;
      tool.name = "tool_" + std::to_string(i);
      if (chance(80)) tool.description = words();
      tool.parameters =
          R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false})";
      if (can_.strict_tools && chance(20)) tool.strict = true;
      tool.cache = mark();
      out.tools.push_back(std::move(tool));
    }
    using Kind = ToolChoice::Kind;
    static constexpr std::array kKinds = {Kind::unset, Kind::automatic, Kind::none, Kind::required,
                                          Kind::named};
    out.tool_choice.kind = kKinds[random_.below(kKinds.size())];
    if (out.tool_choice.kind == Kind::none && !can_.choice_none) out.tool_choice.kind = Kind::unset;
    if (out.tool_choice.kind == Kind::named && !can_.choice_named) out.tool_choice.kind = Kind::required;
    if (out.tool_choice.kind == Kind::required && !can_.choice_required) out.tool_choice.kind = Kind::unset;
    if (out.tool_choice.kind == Kind::named) out.tool_choice.name = name();
    if (can_.parallel && out.tool_choice.kind != Kind::unset && out.tool_choice.kind != Kind::none &&
        chance(30))
      out.tool_choice.parallel = false;
  }

  void settings(Conversation& out) {
    Sampling& s = out.sampling;
    s.max_output = 64 + static_cast<int64_t>(random_.below(2000));
    // Claude takes no sampling beside thought, nor temperature beside top_p, nor thought where a tool must
    // be called.
    const auto choice = out.tool_choice.kind;
    const bool free = choice != ToolChoice::Kind::required && choice != ToolChoice::Kind::named && !called_;
    if (can_.effort && free && chance(30)) {
      out.thinking.effort = std::array{"low", "medium", "high"}[random_.below(3)];
    } else if (chance(40)) {
      s.temperature = static_cast<double>(random_.below(11)) / 10;
    } else if (can_.top_p && chance(40)) {
      s.top_p = 0.25;
    }
    if (can_.top_k && out.thinking.effort.empty() && chance(20)) s.top_k = 40;
    if (can_.penalties && chance(20)) s.frequency_penalty = 0.5;
    if (can_.penalties && chance(20)) s.presence_penalty = -0.5;
    if (can_.seed && chance(20)) s.seed = 7;
    if (can_.choices && chance(10)) s.choices = 2;
    if (can_.stop && chance(20)) s.stop = {"END", "\n\nHuman:"};
    if (tools_ && !can_.schema_beside_tools) {
      out.format = {};
    } else if (can_.json_mode && chance(10)) {
      out.format.kind = OutputFormat::Kind::json;
    } else if (can_.schema && chance(20)) {
      out.format.kind = OutputFormat::Kind::schema;
      out.format.schema =
          R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false})";
      out.format.strict = true;
      if (can_.schema_name) {
        out.format.name = "thing";
        if (chance(50)) out.format.description = words();
      }
    }
    if (can_.user && chance(20)) out.user = "user-1";
    if (can_.metadata && chance(20)) out.metadata = {{"team", words()}, {"k", "v"}};
    if (can_.service_tier && chance(20)) out.service_tier = "flex";
    if (can_.cache_key && chance(20)) out.cache_key = "key";
  }

  Part answer_text() {
    Text text{.text = words(), .citations = {}};
    if (can_.citations && chance(20)) {
      Citation citation{.url = "https://example.com/" + std::to_string(random_.below(9)), .title = words()};
      if (can_.citation_spans) {
        citation.begin = 0;
        citation.end = static_cast<int64_t>(upto(9));
      }
      if (can_.citation_quotes) citation.quote = words();
      text.citations.push_back(std::move(citation));
    }
    return {std::move(text), {}};
  }

  Part thought() {
    Reasoning out{.text = words(), .seal = {}, .redacted = false};
    if (can_.seals && chance(60)) {
      static constexpr std::array kIssuers = {Issuer::openai, Issuer::anthropic, Issuer::gemini};
      out.seal = {kIssuers[random_.below(3)], seal_data()};
      if (chance(30)) {
        out.redacted = true;
        out.text.clear();
      }
    }
    return {std::move(out), {}};
  }

  Choice choice() {
    Choice out;
    bool refused = false, called = false;
    for (size_t rounds = can_.any_order ? upto(3) : 1; rounds > 0; --rounds) {
      if (can_.thinking && chance(40)) out.parts.push_back(thought());
      if (chance(70)) out.parts.push_back(answer_text());
      if (can_.answer_refusals && rounds == 1 && chance(10)) {
        refused = true;
        out.parts.push_back({Refusal{words()}, {}});
        break;
      }
      if (!chance(40)) continue;
      called = true;
      for (size_t n = upto(3); n > 0; --n)
        out.parts.push_back({ToolCall{.id = id(), .name = name(), .arguments = arguments()}, {}});
    }
    if (out.parts.empty()) out.parts.push_back(answer_text());
    if (refused && !called) {
      out.finish = Finish::refusal;
    } else if (called) {
      out.finish = chance(80) ? Finish::tool_calls : Finish::length;
    } else {
      do {
        out.finish = static_cast<Finish>(random_.below(8));
      } while ((can_.finishes >> static_cast<int>(out.finish) & 1U) == 0 ||
               out.finish == Finish::tool_calls || out.finish == Finish::refusal);
    }
    if (out.finish == Finish::stop_sequence) out.stop_sequence = "END";
    return out;
  }

  Answer answer() {
    Answer out{.id = "resp_" + std::to_string(random_.below(1000)), .model = "model-1", .choices = {}};
    if (can_.created) out.created = 1'700'000'000;
    for (size_t n = can_.many_choices ? upto(3) : 1; n > 0; --n) out.choices.push_back(choice());
    out.usage.cached_input = static_cast<int64_t>(random_.below(20));
    if (can_.cache_written) out.usage.cache_written = static_cast<int64_t>(upto(20));
    out.usage.input = 40 + static_cast<int64_t>(random_.below(1000));
    out.usage.output = 20 + static_cast<int64_t>(random_.below(1000));
    if (can_.reasoning_tokens) out.usage.reasoning = static_cast<int64_t>(upto(20));
    return out;
  }

 private:
  Random& random_;
  const Expression& can_;
  bool tools_ = false, called_ = false;
  int calls_ = 0, marks_ = 0;
};

// `text` in pieces, never within a character.
std::deque<std::string> pieces(Random& random, std::string_view text) {
  std::deque<std::string> out;
  while (!text.empty()) {
    size_t n = 1 + random.below(8);
    while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) ++n;
    out.emplace_back(text.substr(0, n));
    text.remove_prefix(std::min(n, text.size()));
  }
  return out;
}

using Events = std::deque<StreamEvent>;

Events part_events(Random& random, const Part& part, int choice, int number) {
  using Kind = StreamEvent::Kind;
  Events out;
  auto add = [&](StreamEvent event) {
    event.choice = choice;
    event.part = number;
    out.push_back(std::move(event));
  };
  auto spell = [&](Kind kind, std::string_view text) {
    for (auto& piece : pieces(random, text)) add({.kind = kind, .text = std::move(piece)});
  };
  if (const auto* text = part.get<Text>()) {
    spell(Kind::text, text->text);
    for (const auto& citation : text->citations) add({.kind = Kind::citation, .citation = citation});
  } else if (const auto* refusal = part.get<Refusal>()) {
    spell(Kind::refusal, refusal->text);
  } else if (const auto* reasoning = part.get<Reasoning>()) {
    if (reasoning->redacted) {
      add({.kind = Kind::redacted, .seal = reasoning->seal});
    } else {
      spell(Kind::reasoning, reasoning->text);
      if (reasoning->seal) add({.kind = Kind::seal, .seal = reasoning->seal});
    }
  } else if (const auto* call = part.get<ToolCall>()) {
    add({.kind = Kind::tool_call, .id = call->id, .name = call->name});
    spell(Kind::arguments, call->arguments);
  }
  add({.kind = Kind::part_end});
  return out;
}

}  // namespace

Conversation generate_conversation(Random& random, const Expression& can) {
  return Generator(random, can).conversation();
}

Answer generate_answer(Random& random, const Expression& can) {
  return Generator(random, can).answer();
}

std::vector<StreamEvent> generate_stream(Random& random, const Answer& answer) {
  using Kind = StreamEvent::Kind;
  std::vector<StreamEvent> out;
  out.push_back({.kind = Kind::start, .id = answer.id, .name = answer.model});
  for (size_t c = 0; c < answer.choices.size(); ++c) {
    const auto& choice = answer.choices[c];
    const int number = static_cast<int>(c);
    for (size_t i = 0; i < choice.parts.size();) {
      // Calls in a row, one after the other or each a piece in turn; they begin in their order.
      std::vector<Events> together;
      do {
        together.push_back(part_events(random, choice.parts[i], number, static_cast<int>(i)));
        ++i;
      } while (i < choice.parts.size() && choice.parts[i - 1].get<ToolCall>() != nullptr &&
               choice.parts[i].get<ToolCall>() != nullptr && random.below(2) == 0);
      for (auto& events : together) {
        if (together.size() == 1) break;
        out.push_back(std::move(events.front()));
        events.pop_front();
      }
      while (!together.empty()) {
        auto& events = together[random.below(together.size())];
        out.push_back(std::move(events.front()));
        events.pop_front();
        std::erase_if(together, [](const Events& e) { return e.empty(); });
      }
    }
    out.push_back(
        {.kind = Kind::finish, .choice = number, .text = choice.stop_sequence, .finish = choice.finish});
  }
  out.push_back({.kind = Kind::usage, .usage = answer.usage});
  out.push_back({.kind = Kind::end});
  return out;
}

}  // namespace llmgw::dialects
