// The whole reply of Ollama's chat.
#include <algorithm>

#include "base/text.h"
#include "dialects/ollama.h"
#include "dialects/reading.h"
#include "observe/timestamp.h"

namespace llmgw::dialects {

using json::Kind;
using json::Value;

std::string ollama_time(int64_t seconds) {
  return observe::timestamp(WallTime(std::chrono::seconds(std::max<int64_t>(seconds, 0))));
}

ToolCall read_ollama_call(Value call, std::string made_up) {
  const auto function = call["function"];
  const auto arguments = function["arguments"];
  ToolCall out{.id = call["id"].text(), .name = function["name"].text(), .arguments = "{}"};
  if (out.id.empty()) out.id = std::move(made_up);
  if (arguments.is(Kind::object)) out.arguments = arguments.raw();
  return out;
}

void write_ollama_call(json::Writer& writer, const ToolCall& call) {
  writer.begin_object().member("id", call.id).key("function").begin_object().member("name", call.name);
  writer.key("arguments").raw(arguments_object(call.arguments)).end_object().end_object();
}

Finish ollama_finish(std::string_view reason, bool called) {
  if (reason == "length") return Finish::length;
  return called ? Finish::tool_calls : Finish::stop;
}

std::string_view ollama_done_reason(Finish finish) {
  return finish == Finish::length ? "length" : "stop";
}

void read_ollama_usage(Value object, observe::Usage& out) {
  if (const auto n = object["prompt_eval_count"].integer()) out.input = std::max<int64_t>(*n, 0);
  if (const auto n = object["eval_count"].integer()) out.output = std::max<int64_t>(*n, 0);
}

void write_ollama_usage(json::Writer& writer, const observe::Usage& usage) {
  writer.member("prompt_eval_count", std::max<int64_t>(usage.input, 0));
  writer.member("eval_count", std::max<int64_t>(usage.output, 0));
}

Result<Answer> read_ollama_answer(std::string_view body) {
  const auto doc = parse_reply(body);
  if (!doc) return fail(doc.error());
  const auto reply = doc->root();
  const auto message = reply["message"];
  Answer answer{.id = {}, .model = reply["model"].text(), .choices = {}};
  read_ollama_usage(reply, answer.usage);
  Choice choice;
  if (auto thought = message["thinking"].text(); !thought.empty())
    choice.parts.push_back({Reasoning{.text = std::move(thought)}, {}});
  if (auto text = message["content"].text(); !text.empty())
    choice.parts.push_back({Text{.text = std::move(text), .citations = {}}, {}});
  bool called = false;
  for (auto [_, call] : message["tool_calls"].elements()) {
    called = true;
    choice.parts.push_back({read_ollama_call(call, made_up_call_id(body, 0, choice.parts.size())), {}});
  }
  choice.finish = ollama_finish(reply["done_reason"].text(), called);
  answer.choices.push_back(std::move(choice));
  return answer;
}

std::string write_ollama_answer(const Answer& answer) {
  static const Choice kNothing;
  const Choice& choice = answer.choices.empty() ? kNothing : answer.choices.front();
  std::string text, thought, out;
  std::vector<const ToolCall*> calls;
  for (const Part& part : choice.parts) {
    if (const auto* t = part.get<Text>()) text += t->text;
    if (const auto* r = part.get<Refusal>()) text += r->text;
    if (const auto* r = part.get<Reasoning>()) thought += r->text;
    if (const auto* c = part.get<ToolCall>()) calls.push_back(c);
  }
  json::Writer writer(out);
  writer.begin_object().member("model", answer.model).member("created_at", ollama_time(answer.created));
  writer.key("message").begin_object().member("role", "assistant").member("content", text);
  if (!thought.empty()) writer.member("thinking", thought);
  if (!calls.empty()) {
    writer.key("tool_calls").begin_array();
    for (const auto* call : calls) write_ollama_call(writer, *call);
    writer.end_array();
  }
  writer.end_object().member("done", true).member("done_reason", ollama_done_reason(choice.finish));
  write_ollama_usage(writer, answer.usage);
  writer.end_object();
  return out;
}

}  // namespace llmgw::dialects
