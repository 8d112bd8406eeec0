// The whole reply of generateContent (types.GenerateContentResponse).
#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/gemini.h"
#include "dialects/gemini_part.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// types.FinishReason: those by which Google's filters end an answer.
constexpr std::array<std::string_view, 9> kFiltered = {"SAFETY",
                                                       "RECITATION",
                                                       "LANGUAGE",
                                                       "BLOCKLIST",
                                                       "PROHIBITED_CONTENT",
                                                       "SPII",
                                                       "IMAGE_SAFETY",
                                                       "IMAGE_PROHIBITED_CONTENT",
                                                       "IMAGE_RECITATION"};
constexpr std::array<std::string_view, 6> kBroken = {"MALFORMED_FUNCTION_CALL",
                                                     "UNEXPECTED_TOOL_CALL",
                                                     "TOO_MANY_TOOL_CALLS",
                                                     "OTHER",
                                                     "IMAGE_OTHER",
                                                     "NO_IMAGE"};

// How many characters stand in the first `bytes` of a text, and the reverse.
int64_t characters(std::string_view text, int64_t bytes) {
  const auto end = std::min(text.size(), static_cast<size_t>(std::max<int64_t>(bytes, 0)));
  return std::ranges::count_if(text.substr(0, end), [](char c) { return (c & 0xC0) != 0x80; });
}
int64_t bytes(std::string_view text, int64_t characters) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((text[at] & 0xC0) != 0x80 && characters-- <= 0) break;
  }
  return static_cast<int64_t>(at);
}

void place(Value segment, std::string_view text, Citation& out) {
  const auto end = gemini_field(segment, "endIndex").integer();
  if (text.empty() || !end) return;
  out.begin = characters(text, gemini_field(segment, "startIndex").integer().value_or(0));
  out.end = characters(text, *end);
}

Choice read_candidate(Value candidate, const std::string& id, size_t number) {
  Choice choice;
  bool called = false;
  size_t i = 0;
  std::string text;
  for (auto [_, value] : candidate["content"]["parts"].elements()) {
    auto part = read_gemini_part(value);
    const size_t index = i++;
    if (!part) continue;
    if (auto* call = part->get<ToolCall>()) {
      called = true;
      if (call->id.empty()) call->id = made_up_call_id(id, number, index);
    } else if (const auto* piece = part->get<Text>()) {
      text += piece->text;
    }
    append_gemini_part(std::move(*part), choice.parts);
  }
  auto citations = read_gemini_citations(candidate, text);
  const auto last = std::find_if(choice.parts.rbegin(), choice.parts.rend(),
                                 [](const Part& p) { return p.get<Text>() != nullptr; });
  if (last != choice.parts.rend()) last->get<Text>()->citations = std::move(citations);
  choice.finish = gemini_finish(gemini_field(candidate, "finishReason").text(), called);
  return choice;
}

void write_candidate(json::Writer& writer, const Choice& choice, size_t number) {
  writer.begin_object().key("content").begin_object().key("parts").begin_array();
  bool called = false, spoken = false;
  std::vector<Citation> citations;
  std::string text;
  for (const Part& part : choice.parts) {
    const Seal* seal = seal_of(part);
    std::string signature = seal != nullptr ? sealed_for(Issuer::gemini, *seal) : std::string();
    if (part.get<ToolCall>() != nullptr) {
      // Another vendor's call has none, and a Gemini that sees it later insists on one.
      if (!called && signature.empty()) signature = kNoSignature;
      called = true;
    } else if (const auto* piece = part.get<Text>()) {
      text += piece->text;
      citations.insert(citations.end(), piece->citations.begin(), piece->citations.end());
    }
    spoken = write_gemini_part(writer, part, signature, true) || spoken;
  }
  writer.end_array().member("role", "model").end_object();
  writer.member("finishReason", gemini_finish_reason(choice.finish, spoken));
  writer.member("index", static_cast<int64_t>(number));
  write_gemini_citations(writer, citations, text);
  writer.end_object();
}

}  // namespace

Finish gemini_finish(std::string_view reason, bool called) {
  if (reason == "MAX_TOKENS") return Finish::length;
  if (std::ranges::find(kFiltered, reason) != kFiltered.end()) return Finish::filter;
  if (std::ranges::find(kBroken, reason) != kBroken.end()) return Finish::failed;
  return called ? Finish::tool_calls : Finish::stop;
}

std::string_view gemini_finish_reason(Finish finish, bool spoken) {
  switch (finish) {
    case Finish::length: return "MAX_TOKENS";
    case Finish::filter: return "SAFETY";
    // Words that decline are an answer here.
    case Finish::refusal: return spoken ? "STOP" : "SAFETY";
    case Finish::failed: return "OTHER";
    default: return "STOP";
  }
}

void read_gemini_usage(Value usage, observe::Usage& out) {
  if (!usage.is(Kind::object)) return;
  auto count = [&](std::string_view field) { return gemini_field(usage, field).integer(); };
  const auto tools = count("toolUsePromptTokenCount").value_or(0);
  if (const auto n = count("promptTokenCount")) out.input = *n + tools;
  if (const auto n = count("cachedContentTokenCount")) out.cached_input = *n;
  const auto said = count("candidatesTokenCount"), thought = count("thoughtsTokenCount");
  if (thought) out.reasoning = *thought;
  if (said || thought) out.output = said.value_or(0) + thought.value_or(0);
}

void write_gemini_usage(json::Writer& writer, const observe::Usage& usage) {
  const int64_t input = std::max<int64_t>(usage.input, 0), output = std::max<int64_t>(usage.output, 0);
  const int64_t thought = std::max<int64_t>(usage.reasoning, 0);
  writer.begin_object().member("promptTokenCount", input);
  if (usage.cached_input >= 0) writer.member("cachedContentTokenCount", usage.cached_input);
  writer.member("candidatesTokenCount", std::max<int64_t>(output - thought, 0));
  if (usage.reasoning >= 0) writer.member("thoughtsTokenCount", thought);
  writer.member("totalTokenCount", input + output).end_object();
}

std::string gemini_block(Value reply) {
  const auto feedback = gemini_field(reply, "promptFeedback");
  const std::string reason = gemini_field(feedback, "blockReason").text();
  if (reason.empty() || reply["candidates"].size() > 0) return {};
  std::string message = "the prompt was blocked: " + reason;
  if (const auto words = gemini_field(feedback, "blockReasonMessage").text(); !words.empty())
    message += " (" + words + ")";
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("code", 400).member("message", message).member("status", "INVALID_ARGUMENT");
  writer.key("details").begin_array().begin_object();
  writer.member("@type", "type.googleapis.com/google.rpc.ErrorInfo").member("reason", "content_filter");
  writer.end_object().end_array().end_object();
  return out;
}

std::vector<Citation> read_gemini_citations(Value candidate, std::string_view text) {
  std::vector<Citation> out;
  const auto grounding = gemini_field(candidate, "groundingMetadata");
  const auto chunks = gemini_field(grounding, "groundingChunks");
  std::vector<Citation> sources;
  for (auto [_, chunk] : chunks.elements()) {
    const auto from = chunk["web"] ? chunk["web"] : gemini_field(chunk, "retrievedContext");
    sources.push_back(
        {.url = from["uri"].text(), .title = from["title"].text(), .quote = {}, .begin = {}, .end = {}});
  }
  const auto supports = gemini_field(grounding, "groundingSupports");
  for (auto [_, support] : supports.elements()) {
    for (auto [__, index] : gemini_field(support, "groundingChunkIndices").elements()) {
      const auto i = index.integer().value_or(-1);
      if (i < 0 || static_cast<size_t>(i) >= sources.size()) continue;
      Citation citation = sources[static_cast<size_t>(i)];
      place(support["segment"], text, citation);
      out.push_back(std::move(citation));
    }
  }
  if (supports.size() == 0) out = std::move(sources);
  const auto recited = gemini_field(candidate, "citationMetadata");
  const auto listed = recited["citations"] ? recited["citations"] : gemini_field(recited, "citationSources");
  for (auto [_, source] : listed.elements()) {
    Citation citation{
        .url = source["uri"].text(), .title = source["title"].text(), .quote = {}, .begin = {}, .end = {}};
    place(source, text, citation);
    out.push_back(std::move(citation));
  }
  return out;
}

void write_gemini_citations(json::Writer& writer, std::span<const Citation> citations,
                            std::string_view text) {
  if (citations.empty()) return;
  writer.key("groundingMetadata").begin_object().key("groundingChunks").begin_array();
  for (const auto& citation : citations) {
    writer.begin_object().key("web").begin_object();
    writer.member("uri", citation.url).member("title", citation.title).end_object().end_object();
  }
  writer.end_array();
  bool any = false;
  for (size_t i = 0; i < citations.size(); ++i) {
    const auto& citation = citations[i];
    if (text.empty() || !citation.end) continue;
    if (!any) writer.key("groundingSupports").begin_array();
    any = true;
    const int64_t begin = bytes(text, citation.begin.value_or(0)), end = bytes(text, *citation.end);
    writer.begin_object().key("segment").begin_object();
    writer.member("startIndex", begin).member("endIndex", end).end_object();
    writer.key("groundingChunkIndices").begin_array().integer(static_cast<int64_t>(i)).end_array();
    writer.end_object();
  }
  if (any) writer.end_array();
  writer.end_object();
}

Result<Answer> read_gemini_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  Answer answer{.id = gemini_field(reply, "responseId").text(),
                .model = gemini_field(reply, "modelVersion").text(),
                .choices = {}};
  read_gemini_usage(gemini_field(reply, "usageMetadata"), answer.usage);
  // A reply without an id names its calls by what it says.
  const std::string name = answer.id.empty() ? std::string(body) : answer.id;
  for (auto [_, candidate] : reply["candidates"].elements())
    answer.choices.push_back(read_candidate(candidate, name, answer.choices.size()));
  return answer;
}

std::string write_gemini_answer(const Answer& answer) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("candidates").begin_array();
  for (size_t i = 0; i < answer.choices.size(); ++i) write_candidate(writer, answer.choices[i], i);
  writer.end_array().key("usageMetadata");
  write_gemini_usage(writer, answer.usage);
  writer.member("modelVersion", answer.model).member("responseId", answer.id).end_object();
  return out;
}

}  // namespace llmgw::dialects
