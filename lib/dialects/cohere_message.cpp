// What the assistant says, in a request as in a reply: content, plan, calls, citations.
#include <functional>

#include "base/text.h"
#include "dialects/cohere.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// The bytes of the characters [begin, end) of `text`; empty: they are not in it.
std::string_view characters(std::string_view text, int64_t begin, int64_t end) {
  if (begin < 0 || end < begin) return {};
  int64_t count = 0;
  size_t from = std::string_view::npos;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (count == begin) from = i;
    if (count == end) return text.substr(from, i - from);
    ++count;
  }
  return {};
}

void write_text(json::Writer& writer, std::string_view text) {
  writer.begin_object().member("type", "text").member("text", text).end_object();
}

}  // namespace

void read_cohere_citation(Value value, std::vector<Citation>& out) {
  const Citation place{
      .url = {}, .title = {}, .quote = {}, .begin = value["start"].integer(), .end = value["end"].integer()};
  const size_t before = out.size();
  for (auto [_, source] : value["sources"].elements()) {
    const auto document = source["document"];
    Citation citation = place;
    citation.url = document["url"].text();
    citation.title = document["title"].text();
    citation.quote = document["snippet"].text();
    if (citation.url.empty() && citation.title.empty()) citation.title = source["id"].text();
    out.push_back(std::move(citation));
  }
  if (out.size() == before) out.push_back(place);
}

void write_cohere_citation(json::Writer& writer, const Citation& citation, size_t content_index, bool plan,
                           std::string_view text) {
  writer.begin_object();
  if (citation.begin) writer.member("start", *citation.begin);
  if (citation.end) writer.member("end", *citation.end);
  if (citation.begin && citation.end) {
    if (const auto cited = characters(text, *citation.begin, *citation.end); !cited.empty())
      writer.member("text", cited);
  }
  writer.key("sources").begin_array().begin_object().member("type", "document");
  writer.member("id", citation.url.empty() ? citation.title : citation.url).key("document").begin_object();
  writer.member("id", citation.url.empty() ? citation.title : citation.url);
  if (!citation.title.empty()) writer.member("title", citation.title);
  if (!citation.url.empty()) writer.member("url", citation.url);
  if (!citation.quote.empty()) writer.member("snippet", citation.quote);
  writer.end_object().end_object().end_array();
  if (!plan) writer.member("content_index", static_cast<int64_t>(content_index));
  writer.member("type", plan ? "PLAN" : "TEXT_CONTENT").end_object();
}

Result<void> read_cohere_assistant(Value message, const std::string& path, std::string_view made_up,
                                   std::vector<Part>& out) {
  std::vector<size_t> places;  // of the content's blocks among the parts
  const auto content = message["content"];
  if (content.is(Kind::string)) {
    places.push_back(out.size());
    if (!content.says("")) out.push_back({Text{.text = content.text(), .citations = {}}, {}});
  } else if (auto ok = check_array(content, path + ".content"); !ok) {
    return ok;
  }
  size_t i = 0;
  for (auto [_, block] : content.elements()) {
    const std::string here = at(path + ".content", i++);
    places.push_back(out.size());
    const auto type = block["type"];
    if (type.says("text") && block["text"].is(Kind::string)) {
      if (!block["text"].says("")) out.push_back({Text{.text = block["text"].text(), .citations = {}}, {}});
    } else if (type.says("thinking") && block["thinking"].is(Kind::string)) {
      if (!block["thinking"].says("")) out.push_back({Reasoning{.text = block["thinking"].text()}, {}});
    } else {
      return refused(here, "must be a content block, {\"type\": \"text\", \"text\"} or one of thinking");
    }
  }
  std::optional<size_t> plan;
  if (const auto text = message["tool_plan"]; text.is(Kind::string) && !text.says("")) {
    plan = out.size();
    out.push_back({Text{.text = text.text(), .citations = {}}, {}});
  }
  for (auto [_, value] : message["citations"].elements()) {
    const auto index =
        static_cast<size_t>(std::max<int64_t>(value["content_index"].integer().value_or(0), 0));
    const auto place = value["type"].says("PLAN") ? plan
                       : index < places.size()    ? std::optional(places[index])
                                                  : std::nullopt;
    if (!place || *place >= out.size()) continue;
    if (auto* text = out[*place].get<Text>()) read_cohere_citation(value, text->citations);
  }
  if (auto ok = check_array(message["tool_calls"], path + ".tool_calls"); !ok) return ok;
  i = 0;
  for (auto [_, value] : message["tool_calls"].elements()) {
    const std::string here = at(path + ".tool_calls", i++);
    const auto function = value["function"];
    if (!function["name"].is(Kind::string)) return refused(here + ".function.name", "must be a string");
    ToolCall call{
        .id = value["id"].text(), .name = function["name"].text(), .arguments = function["arguments"].text()};
    if (call.id.empty()) call.id = made_up_call_id(made_up, 0, out.size());
    if (call.arguments.empty()) call.arguments = "{}";
    out.push_back({std::move(call), {}});
  }
  return {};
}

void write_cohere_assistant(json::Writer& writer, std::span<const Part* const> parts,
                            const std::function<void(size_t)>& lost) {
  std::vector<const Part*> content;
  std::vector<const ToolCall*> calls;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Part& part = *parts[i];
    const auto* text = part.get<Text>();
    const auto* reasoning = part.get<Reasoning>();
    if (const auto* call = part.get<ToolCall>()) {
      calls.push_back(call);
    } else if (reasoning != nullptr) {
      if (!reasoning->redacted && !reasoning->text.empty()) content.push_back(&part);
    } else if (part.get<Refusal>() != nullptr) {
      content.push_back(&part);
    } else if (text != nullptr) {
      if (!text->text.empty()) content.push_back(&part);
    } else {
      lost(i);
    }
  }
  // What is said right before calls is the plan to make them.
  const Text* plan = nullptr;
  if (!calls.empty() && !content.empty()) plan = content.back()->get<Text>();
  if (plan != nullptr) content.pop_back();

  if (!content.empty()) {
    writer.key("content").begin_array();
    for (const Part* part : content) {
      if (const auto* text = part->get<Text>()) {
        write_text(writer, text->text);
      } else if (const auto* refusal = part->get<Refusal>()) {
        write_text(writer, refusal->text);
      } else {
        writer.begin_object().member("type", "thinking").member("thinking", part->get<Reasoning>()->text);
        writer.end_object();
      }
    }
    writer.end_array();
  }
  if (plan != nullptr) writer.member("tool_plan", plan->text);
  if (!calls.empty()) {
    writer.key("tool_calls").begin_array();
    for (const auto* call : calls) {
      writer.begin_object().member("id", call->id).member("type", "function").key("function").begin_object();
      writer.member("name", call->name).member("arguments", call->arguments).end_object().end_object();
    }
    writer.end_array();
  }
  bool any = plan != nullptr && !plan->citations.empty();
  for (const Part* part : content) any = any || (part->get<Text>() && !part->get<Text>()->citations.empty());
  if (!any) return;
  writer.key("citations").begin_array();
  for (size_t i = 0; i < content.size(); ++i) {
    const auto* text = content[i]->get<Text>();
    if (text == nullptr) continue;
    for (const auto& citation : text->citations)
      write_cohere_citation(writer, citation, i, false, text->text);
  }
  if (plan != nullptr) {
    for (const auto& citation : plan->citations) write_cohere_citation(writer, citation, 0, true, plan->text);
  }
  writer.end_array();
}

}  // namespace llmgw::dialects
