// The whole reply of Cohere's Chat.
#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "dialects/cohere.h"
#include "dialects/reading.h"

namespace llmgw::dialects {
namespace {

using json::Kind;
using json::Value;

// Counts are numbers that may have a fraction by their type (cohere-python, types/usage_tokens.py).
std::optional<int64_t> count(Value value) {
  if (const auto n = value.integer()) return std::max<int64_t>(*n, 0);
  const auto n = value.number();
  if (!n || !(*n >= 0) || *n > 1e15) return std::nullopt;
  return std::llround(*n);
}

}  // namespace

Finish cohere_finish(std::string_view reason) {
  if (reason == "MAX_TOKENS" || reason == "ERROR_LIMIT") return Finish::length;
  if (reason == "TOOL_CALL") return Finish::tool_calls;
  if (reason == "STOP_SEQUENCE") return Finish::stop_sequence;
  if (reason == "ERROR_TOXIC")
    return Finish::filter;  // of version 1 (types/chat_stream_end_event_finish_reason.py)
  if (reason == "ERROR" || reason == "TIMEOUT") return Finish::failed;
  return Finish::stop;
}

std::string_view cohere_finish_reason(Finish finish) {
  switch (finish) {
    case Finish::length: return "MAX_TOKENS";
    case Finish::tool_calls: return "TOOL_CALL";
    case Finish::stop_sequence: return "STOP_SEQUENCE";
    case Finish::filter:
    case Finish::failed: return "ERROR";
    default: return "COMPLETE";
  }
}

std::string cohere_failure(std::string_view reason, std::string_view error) {
  const bool timeout = reason == "TIMEOUT";
  if (!timeout && reason != "ERROR" && error.empty()) return {};
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("message");
  writer.string(error.empty() ? "the generation ended with " + std::string(reason) : std::string(error));
  // Neither has a status of its own: what the same would be as a reply.
  writer.member("code", timeout ? 504 : 500).end_object();
  return out;
}

void read_cohere_usage(Value usage, observe::Usage& out) {
  if (!usage.is(Kind::object)) return;
  const auto billed = usage["billed_units"], tokens = usage["tokens"];
  auto of = [&](std::string_view field) {
    const auto n = count(billed[field]);
    return n ? n : count(tokens[field]);
  };
  if (const auto n = of("input_tokens")) out.input = *n;
  if (const auto n = of("output_tokens")) out.output = *n;
  if (const auto n = count(billed["search_units"])) out.searches = *n;
  // Of the tokens, which may be more than what is billed.
  if (const auto n = count(usage["cached_tokens"]))
    out.cached_input = out.input < 0 ? *n : std::min(*n, out.input);
}

void write_cohere_usage(json::Writer& writer, const observe::Usage& usage) {
  const int64_t input = std::max<int64_t>(usage.input, 0), output = std::max<int64_t>(usage.output, 0);
  writer.begin_object();
  for (const std::string_view name : {"billed_units", "tokens"}) {
    writer.key(name).begin_object().member("input_tokens", input).member("output_tokens", output);
    writer.end_object();
  }
  if (usage.cached_input >= 0) writer.member("cached_tokens", usage.cached_input);
  writer.end_object();
}

Result<Answer> read_cohere_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  Answer answer{.id = reply["id"].text(), .model = {}, .choices = {}};
  read_cohere_usage(reply["usage"], answer.usage);
  Choice choice;
  if (auto read = read_cohere_assistant(reply["message"], "message", answer.id, choice.parts); !read)
    return fail(ErrorClass::invalid_response, read.error().message);
  choice.finish = cohere_finish(reply["finish_reason"].text());
  answer.choices.push_back(std::move(choice));
  return answer;
}

std::string write_cohere_answer(const Answer& answer, std::string_view extra_fields) {
  static const Choice kNothing;
  const Choice& choice = answer.choices.empty() ? kNothing : answer.choices.front();
  std::vector<const Part*> parts;
  for (const Part& part : choice.parts) parts.push_back(&part);
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("id", answer.id);
  writer.member("finish_reason", cohere_finish_reason(choice.finish));
  writer.key("message").begin_object().member("role", "assistant");
  write_cohere_assistant(writer, parts, [](size_t) {});
  writer.end_object().key("usage");
  write_cohere_usage(writer, answer.usage);
  if (!extra_fields.empty()) writer.key("extra_fields").raw(extra_fields);
  writer.end_object();
  return out;
}

}  // namespace llmgw::dialects
