// The whole reply of Converse.
#include <algorithm>

#include "base/text.h"
#include "dialects/bedrock.h"
#include "dialects/reading.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

void write_text(json::Writer& writer, const Text& text) {
  if (text.citations.empty()) {
    writer.begin_object().member("text", text.text).end_object();
    return;
  }
  writer.begin_object().key("citationsContent").begin_object().key("content").begin_array();
  writer.begin_object().member("text", text.text).end_object().end_array().key("citations").begin_array();
  for (const auto& citation : text.citations) write_bedrock_citation(writer, citation);
  writer.end_array().end_object().end_object();
}

void write_part(json::Writer& writer, const Part& part) {
  if (const auto* text = part.get<Text>()) {
    write_text(writer, *text);
  } else if (const auto* refusal = part.get<Refusal>()) {
    writer.begin_object().member("text", refusal->text).end_object();
  } else if (const auto* call = part.get<ToolCall>()) {
    writer.begin_object().key("toolUse").begin_object().member("toolUseId", call->id);
    writer.member("name", call->name).key("input").raw(arguments_object(call->arguments));
    writer.end_object().end_object();
  } else if (const auto* reasoning = part.get<Reasoning>()) {
    writer.begin_object().key("reasoningContent").begin_object();
    const std::string seal = sealed_for(Issuer::anthropic, reasoning->seal);
    if (reasoning->redacted) {
      writer.member("redactedContent", seal);
    } else {
      writer.key("reasoningText").begin_object().member("text", reasoning->text);
      if (!seal.empty()) writer.member("signature", seal);
      writer.end_object();
    }
    writer.end_object().end_object();
  } else if (const auto* image = part.get<Image>()) {
    const std::string format = bedrock_format("image", image->media.mime);
    if (format.empty() || image->media.data.empty()) return;
    writer.begin_object().key("image").begin_object().member("format", format).key("source").begin_object();
    writer.member("bytes", image->media.data).end_object().end_object().end_object();
  } else if (const auto* foreign = part.get<Foreign>();
             foreign != nullptr && foreign->dialect == Dialect::bedrock_converse) {
    writer.raw(foreign->json);
  }
}

}  // namespace

Finish bedrock_finish(std::string_view reason) {
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return Finish::length;
  if (reason == "tool_use") return Finish::tool_calls;
  if (reason == "stop_sequence") return Finish::stop_sequence;
  if (reason == "guardrail_intervened" || reason == "content_filtered") return Finish::filter;
  if (reason == "malformed_model_output" || reason == "malformed_tool_use") return Finish::failed;
  if (reason == "refusal") return Finish::refusal;  // Claude's own, beyond the service model
  return Finish::stop;
}

std::string_view bedrock_stop_reason(Finish finish) {
  switch (finish) {
    case Finish::length: return "max_tokens";
    case Finish::tool_calls: return "tool_use";
    case Finish::stop_sequence: return "stop_sequence";
    case Finish::filter:
    case Finish::refusal: return "content_filtered";
    case Finish::failed: return "malformed_model_output";
    default: return "end_turn";
  }
}

// docs.aws.amazon.com, "Prompt caching": tokens that the cache gave or took are not among inputTokens.
void read_bedrock_usage(Value usage, observe::Usage& out) {
  if (!usage.is(Kind::object)) return;
  auto count = [&](std::string_view field) { return usage[field].integer(); };
  if (const auto n = count("cacheReadInputTokens")) out.cached_input = *n;
  if (const auto n = count("cacheWriteInputTokens")) out.cache_written = *n;
  if (const auto n = count("inputTokens"))
    out.input = *n + std::max<int64_t>(out.cached_input, 0) + std::max<int64_t>(out.cache_written, 0);
  if (const auto n = count("outputTokens")) out.output = *n;
}

void write_bedrock_usage(json::Writer& writer, const observe::Usage& usage) {
  const int64_t cached = std::max<int64_t>(usage.cached_input, 0);
  const int64_t written = std::max<int64_t>(usage.cache_written, 0);
  const int64_t input = std::max<int64_t>(usage.input, 0), output = std::max<int64_t>(usage.output, 0);
  writer.begin_object().member("inputTokens", std::max<int64_t>(input - cached - written, 0));
  writer.member("outputTokens", output).member("totalTokens", input + output);
  if (usage.cached_input >= 0) writer.member("cacheReadInputTokens", cached);
  if (usage.cache_written >= 0) writer.member("cacheWriteInputTokens", written);
  writer.end_object();
}

Citation read_bedrock_citation(Value c) {
  Citation citation{.url = c["location"]["web"]["url"].text(),
                    .title = c["title"].text(),
                    .quote = {},
                    .begin = {},
                    .end = {}};
  if (citation.url.empty()) citation.url = c["source"].text();
  for (auto [_, piece] : c["sourceContent"].elements()) citation.quote += piece["text"].text();
  return citation;
}

void write_bedrock_citation(json::Writer& writer, const Citation& citation) {
  writer.begin_object();
  if (!citation.title.empty()) writer.member("title", citation.title);
  if (!citation.quote.empty()) {
    writer.key("sourceContent").begin_array();
    writer.begin_object().member("text", citation.quote).end_object().end_array();
  }
  if (!citation.url.empty()) {
    writer.key("location").begin_object().key("web").begin_object();
    writer.member("url", citation.url).end_object().end_object();
  }
  writer.end_object();
}

Result<Answer> read_bedrock_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  Answer answer{.id = {}, .model = {}, .choices = {}};
  read_bedrock_usage(reply["usage"], answer.usage);
  Choice choice;
  for (auto [_, block] : reply["output"]["message"]["content"].elements()) {
    if (auto read = read_bedrock_block(block, "output.message.content", choice.parts); !read)
      return fail(ErrorClass::invalid_response, read.error().message);
  }
  std::erase_if(choice.parts, [](const Part& part) {
    const auto* text = part.get<Text>();
    return text != nullptr && text->text.empty();
  });
  choice.finish = bedrock_finish(reply["stopReason"].text());
  choice.stop_sequence = reply["additionalModelResponseFields"]["stop_sequence"].text();
  answer.choices.push_back(std::move(choice));
  return answer;
}

std::string write_bedrock_answer(const Answer& answer) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("output").begin_object().key("message").begin_object();
  writer.member("role", "assistant").key("content").begin_array();
  static const Choice kNothing;
  const Choice& choice = answer.choices.empty() ? kNothing : answer.choices.front();
  for (const Part& part : choice.parts) write_part(writer, part);
  writer.end_array().end_object().end_object().member("stopReason", bedrock_stop_reason(choice.finish));
  writer.key("usage");
  write_bedrock_usage(writer, answer.usage);
  writer.key("metrics").begin_object().member("latencyMs", 0).end_object().end_object();
  return out;
}

}  // namespace llmgw::dialects
