// The whole reply of the Messages API.
#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "dialects/anthropic.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

void read_block(Value block, std::vector<Part>& out) {
  const std::string type = block["type"].text();
  if (type == "text") {
    Text text{.text = block["text"].text(), .citations = {}};
    for (auto [_, c] : block["citations"].elements()) {
      text.citations.push_back({.url = c["url"].text(),
                                .title = c["title"] ? c["title"].text() : c["document_title"].text(),
                                .quote = c["cited_text"].text(),
                                .begin = {},
                                .end = {}});
    }
    if (!text.text.empty()) out.push_back({std::move(text), {}});
  } else if (type == "tool_use") {
    const auto input = block["input"];
    out.push_back({ToolCall{.id = block["id"].text(),
                            .name = block["name"].text(),
                            .arguments = input.is(Kind::object) ? std::string(input.raw()) : "{}"},
                   {}});
  } else if (type == "thinking") {
    out.push_back({Reasoning{.text = block["thinking"].text(),
                             .seal = seal_in(Issuer::anthropic, block["signature"].text())},
                   {}});
  } else if (type == "redacted_thinking") {
    out.push_back(
        {Reasoning{.text = {}, .seal = seal_in(Issuer::anthropic, block["data"].text()), .redacted = true},
         {}});
  } else {
    out.push_back({Foreign{Dialect::anthropic_messages, type, std::string(block.raw())}, {}});
  }
}

void write_text(json::Writer& writer, const Text& text) {
  writer.begin_object().member("type", "text").member("text", text.text);
  if (!text.citations.empty()) {
    writer.key("citations").begin_array();
    for (const auto& citation : text.citations) {
      writer.begin_object().member("type", "web_search_result_location").member("url", citation.url);
      writer.member("title", citation.title).member("cited_text", citation.quote);
      writer.member("encrypted_index", "").end_object();
    }
    writer.end_array();
  }
  writer.end_object();
}

void write_block(json::Writer& writer, const Part& part) {
  if (const auto* text = part.get<Text>()) {
    write_text(writer, *text);
  } else if (const auto* refusal = part.get<Refusal>()) {
    writer.begin_object().member("type", "text").member("text", refusal->text).end_object();
  } else if (const auto* call = part.get<ToolCall>()) {
    writer.begin_object().member("type", "tool_use").member("id", call->id).member("name", call->name);
    writer.key("input").raw(arguments_object(call->arguments)).end_object();
  } else if (const auto* reasoning = part.get<Reasoning>()) {
    writer.begin_object();
    const std::string seal = sealed_for(Issuer::anthropic, reasoning->seal);
    if (reasoning->redacted) {
      writer.member("type", "redacted_thinking").member("data", seal);
    } else {
      writer.member("type", "thinking").member("thinking", reasoning->text).member("signature", seal);
    }
    writer.end_object();
  } else if (const auto* foreign = part.get<Foreign>();
             foreign != nullptr && foreign->dialect == Dialect::anthropic_messages) {
    writer.raw(foreign->json);
  }
}

}  // namespace

Finish anthropic_finish(std::string_view reason) {
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return Finish::length;
  if (reason == "tool_use") return Finish::tool_calls;
  if (reason == "stop_sequence") return Finish::stop_sequence;
  if (reason == "refusal") return Finish::refusal;
  if (reason == "pause_turn") return Finish::pause;
  return Finish::stop;
}

std::string_view anthropic_stop_reason(Finish finish) {
  switch (finish) {
    case Finish::length: return "max_tokens";
    case Finish::tool_calls: return "tool_use";
    case Finish::stop_sequence: return "stop_sequence";
    case Finish::filter:
    case Finish::refusal: return "refusal";
    case Finish::pause: return "pause_turn";
    default: return "end_turn";
  }
}

void read_anthropic_usage(Value usage, observe::Usage& out) {
  if (!usage.is(Kind::object)) return;
  auto count = [&](std::string_view field) { return usage[field].integer(); };
  if (const auto n = count("cache_read_input_tokens")) out.cached_input = *n;
  if (const auto n = count("cache_creation_input_tokens")) out.cache_written = *n;
  if (const auto n = count("input_tokens"))
    out.input = *n + std::max<int64_t>(out.cached_input, 0) + std::max<int64_t>(out.cache_written, 0);
  if (const auto n = count("output_tokens")) out.output = *n;
  if (const auto n = usage["output_tokens_details"]["thinking_tokens"].integer()) out.reasoning = *n;
}

void write_anthropic_usage(json::Writer& writer, const observe::Usage& usage) {
  const int64_t cached = std::max<int64_t>(usage.cached_input, 0);
  const int64_t written = std::max<int64_t>(usage.cache_written, 0);
  writer.begin_object().member("input_tokens", std::max<int64_t>(usage.input - cached - written, 0));
  writer.member("cache_creation_input_tokens", written).member("cache_read_input_tokens", cached);
  writer.member("output_tokens", std::max<int64_t>(usage.output, 0)).end_object();
}

Result<Answer> read_anthropic_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  Answer answer{.id = reply["id"].text(), .model = reply["model"].text(), .choices = {}};
  read_anthropic_usage(reply["usage"], answer.usage);
  Choice choice;
  for (auto [_, block] : reply["content"].elements()) read_block(block, choice.parts);
  choice.finish = anthropic_finish(reply["stop_reason"].text());
  choice.stop_sequence = reply["stop_sequence"].text();
  answer.choices.push_back(std::move(choice));
  return answer;
}

std::string write_anthropic_answer(const Answer& answer, std::string_view extra_fields) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("id", answer.id).member("type", "message").member("role", "assistant");
  writer.member("model", answer.model).key("content").begin_array();
  static const Choice kNothing;
  const Choice& choice = answer.choices.empty() ? kNothing : answer.choices.front();
  for (const Part& part : choice.parts) write_block(writer, part);
  writer.end_array().member("stop_reason", anthropic_stop_reason(choice.finish)).key("stop_sequence");
  if (choice.stop_sequence.empty()) {
    writer.null();
  } else {
    writer.string(choice.stop_sequence);
  }
  writer.key("usage");
  write_anthropic_usage(writer, answer.usage);
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
  return out;
}

}  // namespace llmgw::dialects
