// The whole reply of Responses.
#include <algorithm>

#include "base/text.h"
#include "dialects/media.h"
#include "dialects/reading.h"
#include "dialects/responses.h"
#include "dialects/seal.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// Indexes of annotations count characters, not bytes.
int64_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

void write_null_or(json::Writer& writer, std::string_view name, std::string_view text) {
  writer.key(name);
  if (text.empty()) {
    writer.null();
  } else {
    writer.string(text);
  }
}

void write_usage(json::Writer& writer, const observe::Usage& usage) {
  auto count = [](int64_t n) { return std::max<int64_t>(n, 0); };
  writer.begin_object().member("input_tokens", count(usage.input));
  writer.key("input_tokens_details").begin_object().member("cached_tokens", count(usage.cached_input));
  if (usage.cache_written > 0) writer.member("cache_write_tokens", usage.cache_written);
  writer.end_object().member("output_tokens", count(usage.output));
  writer.key("output_tokens_details").begin_object();
  writer.member("reasoning_tokens", count(usage.reasoning)).end_object();
  writer.member("total_tokens", count(usage.input) + count(usage.output)).end_object();
}

std::string_view incomplete_reason(Finish finish) {
  if (finish == Finish::length) return "max_output_tokens";
  if (finish == Finish::filter || finish == Finish::refusal) return "content_filter";
  return {};
}

}  // namespace

std::string responses_reasoning(Value item) {
  std::string text;
  for (auto [_, part] : item["summary"].elements())
    text += (text.empty() ? "" : "\n\n") + part["text"].text();
  if (!text.empty()) return text;
  for (auto [_, part] : item["content"].elements()) text += part["text"].text();
  return text;
}

std::optional<Citation> responses_citation(Value annotation) {
  if (!annotation["type"].says("url_citation")) return std::nullopt;
  return Citation{.url = annotation["url"].text(),
                  .title = annotation["title"].text(),
                  .quote = {},
                  .begin = annotation["start_index"].integer(),
                  .end = annotation["end_index"].integer()};
}

ToolCall read_responses_call(Value item) {
  const bool custom = item["type"].says("custom_tool_call");
  ToolCall call{.id = item["call_id"].text(),
                .name = item["name"].text(),
                .arguments = item[custom ? "input" : "arguments"].text()};
  call.freeform = custom;
  if (!custom && call.arguments.empty()) call.arguments = "{}";
  return call;
}

void read_output_item(Value item, const std::string& made_up, std::vector<Part>& out) {
  const std::string type = item["type"].text();
  if (type == "message") {
    for (auto [_, part] : item["content"].elements()) {
      if (part["refusal"].is(Kind::string)) {
        out.push_back({Refusal{part["refusal"].text()}, {}});
        continue;
      }
      Text text{.text = part["text"].text(), .citations = {}};
      for (auto [__, annotation] : part["annotations"].elements()) {
        if (auto citation = responses_citation(annotation)) text.citations.push_back(std::move(*citation));
      }
      if (!text.text.empty()) out.push_back({std::move(text), {}});
    }
  } else if (type == "function_call" || type == "custom_tool_call") {
    ToolCall call = read_responses_call(item);
    if (call.id.empty()) call.id = made_up;
    out.push_back({std::move(call), {}});
  } else if (type == "reasoning") {
    Reasoning reasoning{.text = responses_reasoning(item),
                        .seal = seal_in(Issuer::openai, item["encrypted_content"].text())};
    if (reasoning.text.empty() && !reasoning.seal) return;
    reasoning.redacted = reasoning.text.empty();
    out.push_back({std::move(reasoning), {}});
  } else if (type == "image_generation_call" && item["result"].is(Kind::string)) {
    const std::string format = item["output_format"] ? item["output_format"].text() : "png";
    Image image;
    image.media.mime = mime_of(format).empty() ? "image/png" : mime_of(format);
    image.media.data = item["result"].text();
    out.push_back({std::move(image), {}});
  } else {
    out.push_back({Foreign{Dialect::openai_responses, type, std::string(item.raw())}, {}});
  }
}

bool is_output_item(const Part& part) {
  if (const auto* image = part.get<Image>()) return !image->media.data.empty();
  if (const auto* foreign = part.get<Foreign>()) return foreign->dialect == Dialect::openai_responses;
  return part.get<Text>() != nullptr || part.get<Refusal>() != nullptr || part.get<ToolCall>() != nullptr ||
         part.get<Reasoning>() != nullptr;
}

std::string output_item_id(const Part& part, std::string_view answer, size_t place) {
  const auto* call = part.get<ToolCall>();
  const std::string_view kind = call != nullptr                    ? (call->freeform ? "ctc_" : "fc_")
                                : part.get<Reasoning>() != nullptr ? "rs_"
                                : part.get<Image>() != nullptr     ? "ig_"
                                                                   : "msg_";
  return std::string(kind) + made_up_call_id(answer, 0, place).substr(5);
}

void write_annotation(json::Writer& writer, const Citation& citation, std::string_view text) {
  writer.begin_object().member("type", "url_citation").member("url", citation.url);
  writer.member("title", citation.title).member("start_index", citation.begin.value_or(0));
  writer.member("end_index", citation.end.value_or(characters(text))).end_object();
}

void write_output_text(json::Writer& writer, const Text& text) {
  writer.begin_object().member("type", "output_text").key("annotations").begin_array();
  for (const auto& citation : text.citations) write_annotation(writer, citation, text.text);
  writer.end_array().key("logprobs").begin_array().end_array().member("text", text.text).end_object();
}

void write_output_item(json::Writer& writer, const Part& part, std::string_view id) {
  if (const auto* foreign = part.get<Foreign>()) {
    writer.raw(foreign->json);
    return;
  }
  writer.begin_object().member("id", id);
  if (const auto* call = part.get<ToolCall>()) {
    writer.member("type", call->freeform ? "custom_tool_call" : "function_call");
    writer.member("status", "completed").member(call->freeform ? "input" : "arguments", call->arguments);
    writer.member("call_id", call->id).member("name", call->name);
  } else if (const auto* reasoning = part.get<Reasoning>()) {
    writer.member("type", "reasoning").key("summary").begin_array();
    if (!reasoning->text.empty()) {
      writer.begin_object().member("type", "summary_text").member("text", reasoning->text).end_object();
    }
    writer.end_array();
    if (reasoning->seal) writer.member("encrypted_content", sealed_for(Issuer::openai, reasoning->seal));
  } else if (const auto* image = part.get<Image>()) {
    writer.member("type", "image_generation_call").member("status", "completed");
    if (const auto format = format_of(image->media.mime); !format.empty())
      writer.member("output_format", format);
    writer.member("result", image->media.data);
  } else {
    writer.member("type", "message").member("status", "completed").member("role", "assistant");
    writer.key("content").begin_array();
    if (const auto* refusal = part.get<Refusal>()) {
      writer.begin_object().member("type", "refusal").member("refusal", refusal->text).end_object();
    } else if (const auto* text = part.get<Text>()) {
      write_output_text(writer, *text);
    }
    writer.end_array();
  }
  writer.end_object();
}

std::string_view response_status(const ResponseFrame& frame) {
  if (frame.error != nullptr) return "failed";
  switch (frame.finish) {
    case Finish::length:
    case Finish::filter:
    case Finish::failed: return "incomplete";
    // A refusal that came in words is a whole answer here.
    case Finish::refusal: return frame.refused_words ? "completed" : "incomplete";
    default: return "completed";
  }
}

void write_response(json::Writer& writer, const ResponseFrame& frame, std::string_view output,
                    std::string_view extra_fields) {
  const std::string_view status = frame.complete ? response_status(frame) : "in_progress";
  writer.begin_object().member("id", frame.id).member("object", "response");
  writer.member("created_at", frame.created).member("status", status).member("background", false);
  writer.key("error");
  if (frame.error != nullptr) {
    const Error& error = *frame.error;
    writer.begin_object();
    writer.member("code", error.code.empty() ? name(error.error_class) : std::string_view(error.code));
    writer.member("message", error.message).end_object();
  } else {
    writer.null();
  }
  writer.key("incomplete_details");
  if (status == "incomplete") {
    writer.begin_object();
    write_null_or(writer, "reason", incomplete_reason(frame.finish));
    writer.end_object();
  } else {
    writer.null();
  }
  writer.key("instructions").null().key("max_output_tokens").null().member("model", frame.model);
  writer.key("output").raw(output).member("parallel_tool_calls", true).key("previous_response_id").null();
  writer.key("reasoning").begin_object().key("effort").null().key("summary").null().end_object();
  writer.member("store", false).key("temperature").null().key("text").begin_object();
  writer.key("format").begin_object().member("type", "text").end_object().end_object();
  writer.member("tool_choice", "auto").key("tools").begin_array().end_array().key("top_p").null();
  writer.member("truncation", "disabled").key("usage");
  if (frame.usage != nullptr) {
    write_usage(writer, *frame.usage);
  } else {
    writer.null();
  }
  writer.key("user").null().key("metadata").begin_object().end_object();
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
}

Finish responses_finish(Value response, const std::vector<Part>& parts) {
  if (response["status"].says("incomplete")) {
    const auto reason = response["incomplete_details"]["reason"];
    if (reason.says("max_output_tokens")) return Finish::length;
    return reason.says("content_filter") ? Finish::filter : Finish::failed;
  }
  auto holds = [&]<class T>(T*) {
    return std::ranges::any_of(parts, [](const Part& part) { return part.get<T>() != nullptr; });
  };
  if (holds(static_cast<ToolCall*>(nullptr))) return Finish::tool_calls;
  return holds(static_cast<Refusal*>(nullptr)) ? Finish::refusal : Finish::stop;
}

Result<Answer> read_responses_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  Answer answer{.id = reply["id"].text(),
                .model = reply["model"].text(),
                .created = static_cast<int64_t>(reply["created_at"].number().value_or(0)),
                .choices = {}};
  read_openai_usage(reply["usage"], answer.usage);
  Choice choice;
  for (auto [_, item] : reply["output"].elements())
    read_output_item(item, made_up_call_id(answer.id, 0, choice.parts.size()), choice.parts);
  choice.finish = responses_finish(reply, choice.parts);
  answer.choices.push_back(std::move(choice));
  return answer;
}

std::string write_responses_answer(const Answer& answer, std::string_view extra_fields) {
  static const Choice kNothing;
  const Choice& choice = answer.choices.empty() ? kNothing : answer.choices.front();
  ResponseFrame frame{.id = answer.id,
                      .model = answer.model,
                      .created = answer.created,
                      .finish = choice.finish,
                      .usage = &answer.usage};
  std::string output;
  json::Writer items(output);
  items.begin_array();
  for (size_t i = 0; i < choice.parts.size(); ++i) {
    const Part& part = choice.parts[i];
    if (!is_output_item(part)) continue;
    write_output_item(items, part, output_item_id(part, answer.id, i));
    frame.refused_words = frame.refused_words || part.get<Refusal>() != nullptr;
  }
  items.end_array();
  std::string out;
  json::Writer writer(out);
  write_response(writer, frame, output, extra_fields);
  return out;
}

}  // namespace llmgw::dialects
