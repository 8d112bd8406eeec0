// The whole reply of chat completions.
#include "dialects/openai_chat_answer.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/media.h"
#include "dialects/openai.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
using json::Kind;
using json::Value;

std::vector<Citation> read_chat_annotations(Value annotations) {
  std::vector<Citation> out;
  for (auto [_, annotation] : annotations.elements()) {
    const auto from = annotation["url_citation"];
    if (!from) continue;
    out.push_back({.url = from["url"].text(),
                   .title = from["title"].text(),
                   .quote = from["content"].text(),
                   .begin = from["start_index"].integer(),
                   .end = from["end_index"].integer()});
  }
  return out;
}

void write_chat_annotation(json::Writer& writer, const Citation& citation) {
  writer.begin_object().member("type", "url_citation").key("url_citation").begin_object();
  writer.member("url", citation.url).member("title", citation.title);
  if (citation.begin) writer.member("start_index", *citation.begin);
  if (citation.end) writer.member("end_index", *citation.end);
  writer.end_object().end_object();
}

void write_chat_call(json::Writer& writer, const ToolCall& call) {
  const std::string_view kind = call.freeform ? "custom" : "function";
  writer.member("type", kind).key(kind).begin_object().member("name", call.name);
  writer.member(call.freeform ? "input" : "arguments", call.arguments).end_object();
}

namespace {

void read_message(Value message, std::vector<Part>& out) {
  const auto thought = message["reasoning_content"] ? message["reasoning_content"] : message["reasoning"];
  if (thought.is(Kind::string) && !thought.says("")) out.push_back({Reasoning{.text = thought.text()}, {}});
  const auto content = message["content"];
  if (content.is(Kind::string) && !content.says("")) {
    out.push_back(
        {Text{.text = content.text(), .citations = read_chat_annotations(message["annotations"])}, {}});
  }
  for (auto [_, part] : content.elements()) {  // Mistral's thinking models
    if (part["type"].says("thinking")) {
      std::string text;
      for (auto [__, piece] : part["thinking"].elements()) text += piece["text"].text();
      out.push_back({Reasoning{.text = std::move(text)}, {}});
    } else if (part["text"].is(Kind::string)) {
      out.push_back({Text{.text = part["text"].text(), .citations = {}}, {}});
    }
  }
  if (const auto refusal = message["refusal"]; refusal.is(Kind::string) && !refusal.says("")) {
    out.push_back({Refusal{refusal.text()}, {}});
  }
  if (const auto audio = message["audio"]; audio.is(Kind::object)) {
    Audio value;
    value.media.data = audio["data"].text();
    value.media.mime = "audio/wav";
    out.push_back({std::move(value), {}});
    if (const auto words = audio["transcript"].text(); !words.empty())
      out.push_back({Text{.text = words, .citations = {}}, {}});
  }
  for (auto [_, call] : message["tool_calls"].elements()) {
    if (const auto custom = call["custom"]) {
      ToolCall value{
          .id = call["id"].text(), .name = custom["name"].text(), .arguments = custom["input"].text()};
      value.freeform = true;
      out.push_back({std::move(value), {}});
      continue;
    }
    const auto function = call["function"];
    ToolCall value{
        .id = call["id"].text(),
        .name = function["name"].text(),
        .arguments = function["arguments"].is(Kind::object)  // some servers forget to quote it
                         ? std::string(function["arguments"].raw())
                         : function["arguments"].text(),
        .seal = seal_in(Issuer::gemini, call["extra_content"]["google"]["thought_signature"].text())};
    if (value.arguments.empty()) value.arguments = "{}";
    out.push_back({std::move(value), {}});
  }
}

void write_message(json::Writer& writer, const std::vector<Part>& parts) {
  std::string text, thought, refusal;
  std::vector<const ToolCall*> calls;
  const Audio* audio = nullptr;
  std::vector<const Citation*> citations;
  bool said = false;
  for (const Part& part : parts) {
    if (const auto* t = part.get<Text>()) {
      text += t->text;
      said = true;
      for (const auto& citation : t->citations) citations.push_back(&citation);
    }
    if (const auto* r = part.get<Reasoning>()) thought += r->text;
    if (const auto* r = part.get<Refusal>()) refusal += r->text;
    if (const auto* c = part.get<ToolCall>()) calls.push_back(c);
    if (const auto* a = part.get<Audio>()) audio = a;
  }
  writer.begin_object().member("role", "assistant").key("content");
  if (said) {
    writer.string(text);
  } else {
    writer.null();
  }
  writer.key("refusal");
  if (refusal.empty()) {
    writer.null();
  } else {
    writer.string(refusal);
  }
  if (!thought.empty()) writer.member("reasoning_content", thought);
  if (!citations.empty()) {
    writer.key("annotations").begin_array();
    for (const auto* citation : citations) write_chat_annotation(writer, *citation);
    writer.end_array();
  }
  if (audio != nullptr) {
    writer.key("audio").begin_object().member("data", audio->media.data).end_object();
  }
  if (!calls.empty()) {
    writer.key("tool_calls").begin_array();
    for (const auto* call : calls) {
      writer.begin_object().member("id", call->id);
      write_chat_call(writer, *call);
      writer.end_object();
    }
    writer.end_array();
  }
  writer.end_object();
}

}  // namespace

Finish chat_finish(std::string_view reason) {
  if (reason == "length") return Finish::length;
  if (reason == "tool_calls" || reason == "function_call") return Finish::tool_calls;
  if (reason == "content_filter") return Finish::filter;
  if (reason == "error") return Finish::failed;
  return Finish::stop;
}

std::string_view chat_finish_reason(Finish finish) {
  switch (finish) {
    case Finish::length: return "length";
    case Finish::tool_calls: return "tool_calls";
    case Finish::filter:
    case Finish::refusal: return "content_filter";
    default: return "stop";
  }
}

void write_chat_usage(json::Writer& writer, const observe::Usage& usage) {
  const int64_t input = std::max<int64_t>(usage.input, 0), output = std::max<int64_t>(usage.output, 0);
  writer.begin_object().member("prompt_tokens", input).member("completion_tokens", output);
  writer.member("total_tokens", input + output);
  if (usage.cached_input >= 0 || usage.cache_written > 0) {
    writer.key("prompt_tokens_details").begin_object();
    writer.member("cached_tokens", std::max<int64_t>(usage.cached_input, 0));
    if (usage.cache_written > 0) writer.member("cache_write_tokens", usage.cache_written);
    writer.end_object();
  }
  if (usage.reasoning >= 0) {
    writer.key("completion_tokens_details").begin_object();
    writer.member("reasoning_tokens", usage.reasoning).end_object();
  }
  writer.end_object();
}

Result<Answer> read_chat_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  Answer answer{.id = reply["id"].text(),
                .model = reply["model"].text(),
                .created = reply["created"].integer().value_or(0),
                .choices = {}};
  read_openai_usage(reply["usage"], answer.usage);
  for (auto [_, value] : reply["choices"].elements()) {
    Choice choice;
    read_message(value["message"], choice.parts);
    choice.finish = chat_finish(value["finish_reason"].text());
    for (size_t i = 0; i < choice.parts.size(); ++i) {
      if (auto* call = choice.parts[i].get<ToolCall>(); call != nullptr) {
        if (call->id.empty()) call->id = made_up_call_id(answer.id, answer.choices.size(), i);
        // Some servers say "stop" with calls in hand.
        if (choice.finish == Finish::stop) choice.finish = Finish::tool_calls;
      }
      if (choice.parts[i].get<Refusal>() != nullptr && choice.finish == Finish::stop)
        choice.finish = Finish::refusal;
    }
    answer.choices.push_back(std::move(choice));
  }
  return answer;
}

std::string write_chat_answer(const Answer& answer, std::string_view extra_fields) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("id", answer.id).member("object", "chat.completion");
  writer.member("created", answer.created).member("model", answer.model);
  writer.key("choices").begin_array();
  for (size_t i = 0; i < answer.choices.size(); ++i) {
    writer.begin_object().member("index", static_cast<int64_t>(i)).key("message");
    write_message(writer, answer.choices[i].parts);
    // A refusal that came in words is a whole answer here.
    const bool refused = answer.choices[i].finish == Finish::refusal && !answer.choices[i].parts.empty();
    writer.key("logprobs").null();
    writer.member("finish_reason", refused ? "stop" : chat_finish_reason(answer.choices[i].finish));
    writer.end_object();
  }
  writer.end_array().key("usage");
  write_chat_usage(writer, answer.usage);
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
  return out;
}

}  // namespace llmgw::dialects
